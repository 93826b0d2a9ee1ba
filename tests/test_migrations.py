from django.core.management import call_command


def test_the_migrations_say_all_that_the_models_do(db):
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)  # exits with 1 otherwise


def test_the_system_checks_find_nothing(db):
    call_command("check", fail_level="WARNING", verbosity=0)
