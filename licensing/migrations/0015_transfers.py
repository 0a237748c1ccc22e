import django.db.models.deletion
import municipality.kernel.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_replays'),
        ('accounts', '__first__'),
        ('cases', '0002_feedback'),
        ('documents', '0001_initial'),
        ('licensing', '0014_renewal_batches'),
        ('shops', '0002_place_index'),
    ]

    operations = [
        migrations.CreateModel(
            name='LicenceTransfer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=municipality.kernel.ids.public_id, max_length=26, unique=True)),
                ('holder_key', models.CharField(max_length=80, verbose_name='present holder')),
                ('to_digest', models.CharField(editable=False, max_length=64)),
                ('to_masked', models.CharField(max_length=12, verbose_name='civil number of the new holder')),
                ('asked_at', models.DateTimeField(verbose_name='asked at')),
                ('expires_at', models.DateTimeField(verbose_name='to be answered by')),
                ('outcome', models.CharField(blank=True, choices=[('agreed', 'Agreed'), ('declined', 'Declined'), ('withdrawn', 'Taken back by the present holder'), ('lapsed', 'Not answered in time')], default='', max_length=10, verbose_name='answer')),
                ('answered_at', models.DateTimeField(blank=True, null=True, verbose_name='answered at')),
                ('told_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                'verbose_name': 'transfer of a licence',
                'verbose_name_plural': 'transfers of licences',
                'indexes': [models.Index(condition=models.Q(('outcome', '')), fields=['to_digest'], name='licensing_transfer_asked')],
            },
        ),
        migrations.RemoveConstraint(
            model_name='renewal',
            name='licensing_act_lane',
        ),
        migrations.AlterField(
            model_name='renewal',
            name='act',
            field=models.CharField(choices=[('renewal', 'Renewal'), ('change', 'Change between two renewals'), ('duplicate', 'Duplicate of a lost or damaged licence'), ('transfer', 'Transfer to another holder')], default='renewal', max_length=10, verbose_name='what is asked for'),
        ),
        migrations.AddConstraint(
            model_name='renewal',
            constraint=models.CheckConstraint(condition=models.Q(('act', 'renewal'), models.Q(('act__in', ['change', 'transfer']), ('is_late', False), ('lane', 'officer')), models.Q(('act', 'duplicate'), ('is_late', False), ('lane', 'clean')), _connector='OR'), name='licensing_act_lane'),
        ),
        migrations.AddField(
            model_name='licencetransfer',
            name='asked_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked by'),
        ),
        migrations.AddField(
            model_name='licencetransfer',
            name='case',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case', verbose_name='request'),
        ),
        migrations.AddField(
            model_name='licencetransfer',
            name='organisation',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organisation', verbose_name='organisation'),
        ),
        migrations.AddField(
            model_name='licencetransfer',
            name='shop',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='shops.shop', verbose_name='shop'),
        ),
        migrations.AddField(
            model_name='licencetransfer',
            name='signer',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='new holder'),
        ),
        migrations.AddConstraint(
            model_name='licencetransfer',
            constraint=models.UniqueConstraint(condition=models.Q(('outcome', '')), fields=('shop',), name='licensing_transfer_waits_once'),
        ),
        migrations.AddConstraint(
            model_name='licencetransfer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answered_at__isnull', True), ('case__isnull', True), ('organisation__isnull', True), ('outcome', ''), ('signer__isnull', True)), models.Q(('answered_at__isnull', False), ('case__isnull', False), ('outcome', 'agreed'), ('signer__isnull', False)), models.Q(('answered_at__isnull', False), ('case__isnull', True), ('organisation__isnull', True), models.Q(models.Q(('outcome', 'declined'), ('signer__isnull', False)), models.Q(('outcome__in', ['withdrawn', 'lapsed']), ('signer__isnull', True)), _connector='OR')), _connector='OR'), name='licensing_transfer_outcome'),
        ),
    ]
