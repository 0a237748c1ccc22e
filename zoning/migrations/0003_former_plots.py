from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("zoning", "0002_unlike_most"),
    ]

    operations = [
        migrations.AddField(
            model_name="plotrow",
            name="former",
            field=models.JSONField(null=True, verbose_name="former plots"),
        ),
    ]
