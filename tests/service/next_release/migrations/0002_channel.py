from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("matching", "0001_initial")]
    operations = [
        migrations.AddField("externalmatch", "channel", models.CharField(max_length=32, null=True)),
        migrations.AddField("externalmatch", "priority", models.SmallIntegerField(db_default=0)),
        migrations.CreateModel(
            "Channel",
            fields=[("id", models.UUIDField(primary_key=True)), ("name", models.CharField(max_length=32))],
        ),
    ]
