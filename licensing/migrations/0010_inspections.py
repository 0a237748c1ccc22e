import django.db.models.deletion
import municipality.kernel.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '__first__'),
        ('cases', '0002_feedback'),
        ('fieldwork', '0001_initial'),
        ('licensing', '0009_board_consents'),
        ('places', '0001_initial'),
        ('rulebook', '0011_inspections'),
        ('shops', '0002_place_index'),
    ]

    operations = [
        migrations.CreateModel(
            name='Inspection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=municipality.kernel.ids.public_id, max_length=26, unique=True)),
                ('reference', models.CharField(max_length=30, unique=True, verbose_name='reference')),
                ('name_ar', models.CharField(max_length=160, verbose_name='trade name in Arabic')),
                ('name_en', models.CharField(max_length=160, verbose_name='trade name in English')),
                ('address_ar', models.CharField(max_length=300, verbose_name='address in Arabic')),
                ('address_en', models.CharField(max_length=300, verbose_name='address in English')),
                ('latitude', models.FloatField(blank=True, null=True, verbose_name='latitude')),
                ('longitude', models.FloatField(blank=True, null=True, verbose_name='longitude')),
                ('draw', models.JSONField(default=dict, verbose_name='draw')),
                ('reason', models.CharField(blank=True, max_length=300, verbose_name='reason of the order')),
                ('ordered_by', models.CharField(max_length=80, verbose_name='ordered by')),
                ('ordered_at', models.DateTimeField(verbose_name='ordered at')),
                ('choose_by', models.DateField(verbose_name='to be chosen by')),
                ('day', models.DateField(blank=True, null=True, verbose_name='day')),
                ('part', models.CharField(blank=True, choices=[('first', 'First half of the working hours'), ('second', 'Second half of the working hours')], max_length=6, verbose_name='part of the day')),
                ('was_moved', models.BooleanField(default=False, verbose_name='moved by the owner')),
                ('misses', models.PositiveSmallIntegerField(default=0, verbose_name='visits with nobody there')),
                ('put_right_by', models.DateField(blank=True, null=True, verbose_name='to be put right by')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='result at')),
                ('state', models.CharField(choices=[('requested', 'A day is to be chosen'), ('appointed', 'Appointed'), ('passed', 'Passed'), ('failed', 'Not passed'), ('cancelled', 'Cancelled')], default='requested', max_length=40, verbose_name='state')),
                ('activity', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='rulebook.activity', verbose_name='activity')),
                ('branch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.branch', verbose_name='branch')),
                ('case', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case', verbose_name='request')),
                ('checklist', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='rulebook.ruleset', verbose_name='edition of the checklist')),
                ('contact', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who is told')),
                ('inspector', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='drawn inspector')),
                ('previous', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='next', to='licensing.inspection', verbose_name='looks again after')),
                ('shop', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='shops.shop', verbose_name='shop')),
            ],
            options={
                'verbose_name': 'inspection',
                'verbose_name_plural': 'inspections',
                'indexes': [models.Index(condition=models.Q(('state', 'appointed')), fields=['inspector', 'day'], name='licensing_inspection_due'), models.Index(fields=['contact', '-id'], name='licensing_inspection_contact'), models.Index(condition=models.Q(('state', 'requested')), fields=['choose_by'], name='licensing_inspection_choosing')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['requested', 'appointed', 'passed', 'failed', 'cancelled'])), name='licensing_inspection_state'), models.CheckConstraint(condition=models.Q(('part__in', ['', 'first', 'second'])), name='licensing_inspection_part'), models.CheckConstraint(condition=models.Q(('case__isnull', False), ('shop__isnull', False), _connector='OR'), name='licensing_inspection_of_something'), models.CheckConstraint(condition=models.Q(models.Q(('day__isnull', True), ('part', ''), models.Q(('state', 'appointed'), _negated=True)), models.Q(('day__isnull', False), models.Q(('part', ''), _negated=True)), _connector='OR'), name='licensing_inspection_appointment'), models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['passed', 'failed']), _negated=True), ('ended_at__isnull', False), _connector='OR'), name='licensing_inspection_ended'), models.CheckConstraint(condition=models.Q(models.Q(('latitude__isnull', True), ('longitude__isnull', True)), models.Q(('latitude__gte', 28), ('latitude__isnull', False), ('latitude__lte', 31), ('longitude__gte', 46), ('longitude__isnull', False), ('longitude__lte', 49)), _connector='OR'), name='licensing_inspection_in_kuwait'), models.UniqueConstraint(condition=models.Q(('state__in', ['requested', 'appointed'])), fields=('case',), name='licensing_inspection_of_case'), models.UniqueConstraint(condition=models.Q(('state__in', ['requested', 'appointed'])), fields=('shop',), name='licensing_inspection_of_shop'), models.UniqueConstraint(condition=models.Q(('state', 'cancelled'), _negated=True), fields=('previous',), name='licensing_inspection_again_once')],
            },
        ),
        migrations.CreateModel(
            name='InspectionEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('workflow', models.CharField(max_length=60)),
                ('move', models.CharField(max_length=40)),
                ('from_state', models.CharField(max_length=40)),
                ('to_state', models.CharField(max_length=40)),
                ('at', models.DateTimeField(verbose_name='at')),
                ('actor_key', models.CharField(max_length=60)),
                ('actor_role', models.CharField(max_length=20)),
                ('reason', models.CharField(blank=True, max_length=60)),
                ('data', models.JSONField(blank=True, default=dict)),
                ('subject', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='licensing.inspection')),
            ],
            options={
                'verbose_name': 'step',
                'verbose_name_plural': 'course of the inspection',
                'indexes': [models.Index(fields=['subject', 'id'], name='licensing_inspection_events')],
            },
        ),
        migrations.AddField(
            model_name='inspection',
            name='last_event',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='licensing.inspectionevent'),
        ),
        migrations.CreateModel(
            name='InspectionVisit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('outcome', models.CharField(choices=[('passed', 'Passed'), ('failed', 'Not passed'), ('nobody', 'Nobody there')], max_length=6, verbose_name='outcome')),
                ('note', models.TextField(blank=True, verbose_name='note')),
                ('inspection', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='visits', to='licensing.inspection', verbose_name='inspection')),
                ('visit', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='fieldwork.visit', verbose_name='visit')),
            ],
            options={
                'verbose_name': 'visit of an inspection',
                'verbose_name_plural': 'visits of inspections',
                'constraints': [models.CheckConstraint(condition=models.Q(('outcome__in', ['passed', 'failed', 'nobody'])), name='licensing_inspection_visit_outcome'), models.UniqueConstraint(condition=models.Q(('outcome', 'nobody'), _negated=True), fields=('inspection',), name='licensing_inspection_one_result')],
            },
        ),
        migrations.CreateModel(
            name='InspectionAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('by_owner', models.BooleanField(default=False, verbose_name='self-check of the owner')),
                ('value', models.CharField(choices=[('yes', 'Yes'), ('no', 'No'), ('number', 'Measured'), ('not_here', 'Does not apply here')], max_length=8, verbose_name='answer')),
                ('hundredths', models.PositiveBigIntegerField(blank=True, null=True, verbose_name='measured, in hundredths of the unit')),
                ('meets', models.BooleanField(verbose_name='met')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='note')),
                ('inspection', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='answers', to='licensing.inspection', verbose_name='inspection')),
                ('rule', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='rulebook.inspectionrule', verbose_name='question')),
            ],
            options={
                'verbose_name': 'answer of an inspection',
                'verbose_name_plural': 'answers of inspections',
                'ordering': ['inspection', 'rule__order'],
                'constraints': [models.UniqueConstraint(fields=('inspection', 'rule', 'by_owner'), name='licensing_inspection_answer_once'), models.CheckConstraint(condition=models.Q(models.Q(('hundredths__isnull', False), ('value', 'number')), models.Q(('value__in', ['yes', 'no', 'not_here']), ('hundredths', None)), _connector='OR'), name='licensing_inspection_answer_value')],
            },
        ),
    ]
