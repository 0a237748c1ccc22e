from django.db import migrations, models


class Migration(migrations.Migration):
    """The subject that a right to act must cover, where it is not the request's own."""

    dependencies = [("drafts", "0002_what_was_typed_and_page_versions")]

    operations = [
        migrations.AddField(
            model_name="draft",
            name="held_under",
            field=models.CharField(blank=True, default="", max_length=80, verbose_name="موضوع الحق في التصرف"),
        ),
    ]
