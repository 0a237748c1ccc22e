from django.db import migrations, models
from django.db.models import Exists, OuterRef


def keep_the_first(apps, schema_editor):
    """Of active staff with the same number the first one keeps it; the others have none until they are given their own."""
    User = apps.get_model('accounts', 'User')
    staff = User.objects.using(schema_editor.connection.alias).filter(is_staff=True, is_active=True).exclude(staff_number='')
    earlier = staff.filter(staff_number=OuterRef('staff_number'), pk__lt=OuterRef('pk'))
    User.objects.using(schema_editor.connection.alias).filter(pk__in=list(staff.filter(Exists(earlier)).values_list('pk', flat=True))).update(staff_number='')


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.RunPython(keep_the_first, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.UniqueConstraint(condition=models.Q(('is_active', True), ('is_staff', True), models.Q(('staff_number', ''), _negated=True)), fields=('staff_number',), name='accounts_staff_number_once', violation_error_message='Another active member of staff has this staff number.'),
        ),
    ]
