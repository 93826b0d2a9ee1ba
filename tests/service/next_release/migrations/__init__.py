"""Those of this release, and the modules of this folder."""

from matching import migrations

__path__ = [*__path__, *migrations.__path__]
