from django.db import migrations, models


class Migration(migrations.Migration):
    """The subject that a right to act must cover, where it is not the case's own."""

    dependencies = [("cases", "0003_filed_by")]

    operations = [
        migrations.AddField(
            model_name="case",
            name="held_under",
            field=models.CharField(blank=True, default="", max_length=80, verbose_name="موضوع الحق في التصرف"),
        ),
    ]
