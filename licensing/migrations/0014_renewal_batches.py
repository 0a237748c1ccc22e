import django.db.models.deletion
import municipality.kernel.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '__first__'),
        ('cases', '0002_feedback'),
        ('licensing', '0013_workers'),
        ('shops', '0002_place_index'),
    ]

    operations = [
        migrations.CreateModel(
            name='RenewalBatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=municipality.kernel.ids.public_id, max_length=26, unique=True)),
                ('created_at', models.DateTimeField(verbose_name='asked for at')),
                ('finished_at', models.DateTimeField(blank=True, null=True, verbose_name='finished at')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked for by')),
            ],
            options={
                'verbose_name': 'renewals in one act',
                'verbose_name_plural': 'renewals in one act',
                'constraints': [models.UniqueConstraint(condition=models.Q(('finished_at__isnull', True)), fields=('person',), name='licensing_batch_running_once')],
            },
        ),
        migrations.CreateModel(
            name='BatchLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(verbose_name='number')),
                ('kind', models.CharField(choices=[('health', 'Health licence'), ('boards', 'Boards')], max_length=10, verbose_name='kind')),
                ('fils', models.PositiveBigIntegerField(verbose_name='fee in fils')),
                ('boards', models.JSONField(blank=True, default=list, verbose_name='public ids of the boards')),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('sent', 'Sent'), ('refused', 'Not sent')], default='waiting', max_length=10, verbose_name='state')),
                ('reason_ar', models.TextField(blank=True, default='', verbose_name='reason in Arabic')),
                ('reason_en', models.TextField(blank=True, default='', verbose_name='reason in English')),
                ('case', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case', verbose_name='request')),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='shops.shop', verbose_name='shop')),
                ('batch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='licensing.renewalbatch', verbose_name='renewals in one act')),
            ],
            options={
                'verbose_name': 'renewal in a batch',
                'verbose_name_plural': 'renewals in batches',
                'ordering': ['batch', 'number'],
                'constraints': [models.UniqueConstraint(fields=('batch', 'number'), name='licensing_batch_line'), models.UniqueConstraint(fields=('batch', 'kind', 'shop'), name='licensing_batch_line_once'), models.CheckConstraint(condition=models.Q(('kind__in', ['health', 'boards']), models.Q(models.Q(('case', None), ('reason_ar', ''), ('reason_en', ''), ('state', 'waiting')), models.Q(('case__isnull', False), ('reason_ar', ''), ('reason_en', ''), ('state', 'sent')), models.Q(('case', None), ('state', 'refused'), models.Q(('reason_ar', ''), _negated=True), models.Q(('reason_en', ''), _negated=True)), _connector='OR')), name='licensing_batch_line_result')],
            },
        ),
    ]
