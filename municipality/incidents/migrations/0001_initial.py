import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='PartCheck',
            fields=[
                ('part', models.CharField(choices=[('portal', 'The portal'), ('sign_in', 'Signing in with Kuwait Mobile ID'), ('payment', 'Payment'), ('texts', 'Text messages'), ('documents', 'Licences and other documents')], max_length=10, primary_key=True, serialize=False)),
                ('checked_at', models.DateTimeField()),
                ('failures', models.PositiveIntegerField(default=0)),
                ('failing_since', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Incident',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('part', models.CharField(choices=[('portal', 'The portal'), ('sign_in', 'Signing in with Kuwait Mobile ID'), ('payment', 'Payment'), ('texts', 'Text messages'), ('documents', 'Licences and other documents')], max_length=10, verbose_name='part')),
                ('cause', models.CharField(choices=[('checks', 'It failed several checks'), ('gap', 'No check could run')], default='checks', max_length=10, verbose_name='found by')),
                ('started_at', models.DateTimeField(verbose_name='from')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='to')),
                ('relieved_at', models.DateTimeField(blank=True, null=True, verbose_name='deadlines moved at')),
                ('withheld_at', models.DateTimeField(blank=True, null=True, verbose_name='found to be none at')),
                ('withheld_reason', models.CharField(blank=True, max_length=300, verbose_name='reason')),
                ('withheld_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='found to be none by')),
            ],
            options={
                'verbose_name': 'incident',
                'verbose_name_plural': 'incidents',
                'indexes': [models.Index(fields=['-started_at'], name='incidents_newest')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('part',), name='incidents_one_open'), models.CheckConstraint(condition=models.Q(('cause__in', ['checks', 'gap']), ('part__in', ['portal', 'sign_in', 'payment', 'texts', 'documents'])), name='incidents_incident_choices'), models.CheckConstraint(condition=models.Q(('ended_at__isnull', True), ('ended_at__gte', models.F('started_at')), _connector='OR'), name='incidents_incident_period'), models.CheckConstraint(condition=models.Q(models.Q(('withheld_at__isnull', True), ('withheld_by__isnull', True), ('withheld_reason', '')), models.Q(('withheld_at__isnull', False), ('withheld_by__isnull', False), models.Q(('withheld_reason', ''), _negated=True)), _connector='OR'), name='incidents_withheld_whole'), models.CheckConstraint(condition=models.Q(('relieved_at__isnull', True), models.Q(('ended_at__isnull', False), ('withheld_at__isnull', True)), _connector='OR'), name='incidents_relieved_after_end')],
            },
        ),
        migrations.CreateModel(
            name='MovedDeadline',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=40, verbose_name='deadline')),
                ('thing', models.PositiveBigIntegerField()),
                ('subject', models.CharField(max_length=80, verbose_name='subject')),
                ('reference', models.CharField(max_length=40, verbose_name='reference')),
                ('before', models.DateField(verbose_name='last day before')),
                ('after', models.DateField(verbose_name='last day now')),
                ('at', models.DateTimeField(verbose_name='at')),
                ('incident', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='moved_deadlines', to='incidents.incident')),
            ],
            options={
                'verbose_name': 'moved deadline',
                'verbose_name_plural': 'moved deadlines',
                'indexes': [models.Index(fields=['kind', 'thing'], name='incidents_moved_thing'), models.Index(fields=['kind', 'after'], name='incidents_moved_after'), models.Index(fields=['subject'], name='incidents_moved_subject')],
                'constraints': [models.UniqueConstraint(fields=('incident', 'kind', 'thing'), name='incidents_moved_once'), models.CheckConstraint(condition=models.Q(('after__gt', models.F('before'))), name='incidents_moved_later')],
            },
        ),
    ]
