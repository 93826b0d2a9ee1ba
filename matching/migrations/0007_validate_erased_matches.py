from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("matching", "0006_erased_matches")]

    operations = [ValidateConstraint(model_name="externalmatch", name="match_has_session_unless_erased")]
