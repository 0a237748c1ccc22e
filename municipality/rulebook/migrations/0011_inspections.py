import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('rulebook', '0010_board_limits'),
    ]

    operations = [
        migrations.CreateModel(
            name='InspectionRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=12, verbose_name='code')),
                ('order', models.PositiveSmallIntegerField(verbose_name='order')),
                ('activities', models.CharField(blank=True, max_length=200, verbose_name='activities, codes separated by commas')),
                ('kind', models.CharField(choices=[('yes_no', 'Yes or no'), ('number', 'A measure or number')], default='yes_no', max_length=6, verbose_name='kind')),
                ('question_ar', models.CharField(max_length=200, verbose_name='question in Arabic')),
                ('question_en', models.CharField(max_length=200, verbose_name='question in English')),
                ('unit_ar', models.CharField(blank=True, max_length=20, verbose_name='unit in Arabic')),
                ('unit_en', models.CharField(blank=True, max_length=20, verbose_name='unit in English')),
                ('least', models.PositiveIntegerField(blank=True, null=True, verbose_name='at least')),
                ('most', models.PositiveIntegerField(blank=True, null=True, verbose_name='at most')),
                ('needs_photo', models.BooleanField(default=False, verbose_name='with a photo')),
                ('is_must', models.BooleanField(default=True, verbose_name='must be met')),
                ('may_not_apply', models.BooleanField(default=False, verbose_name='may not apply to a shop')),
                ('is_of_licensed', models.BooleanField(default=False, verbose_name='of licensed shops only')),
                ('article_ar', models.CharField(max_length=200, verbose_name='article in Arabic')),
                ('article_en', models.CharField(max_length=200, verbose_name='article in English')),
                ('is_assumption', models.BooleanField(default=False, verbose_name='assumption')),
            ],
            options={
                'verbose_name': 'question of an inspection',
                'verbose_name_plural': 'checklist of inspections',
                'ordering': ['order'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('article_ar', ''), _negated=True), models.Q(('article_en', ''), _negated=True)), name='rulebook_inspection_rule_has_article'), models.CheckConstraint(condition=models.Q(('activities', ''), ('activities__regex', '^[A-Z]+(,[A-Z]+)*$'), _connector='OR'), name='rulebook_inspection_rule_activities', violation_error_message='Write the codes of the activities with commas between them and no spaces.'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'yes_no'), ('least__isnull', True), ('most__isnull', True), ('unit_ar', ''), ('unit_en', '')), models.Q(('kind', 'number'), models.Q(('least__isnull', False), ('most__isnull', False), _connector='OR'), models.Q(('least__isnull', True), ('most__isnull', True), ('most__gte', models.F('least')), _connector='OR'), models.Q(('unit_ar', ''), _negated=True), models.Q(('unit_en', ''), _negated=True)), _connector='OR'), name='rulebook_inspection_rule_kind', violation_error_message='A measure has its unit and a limit, the lower one first; yes or no has neither.')],
            },
        ),
        migrations.RemoveConstraint(
            model_name='reasonrule',
            name='rulebook_reason_kind',
        ),
        migrations.AlterField(
            model_name='reasonrule',
            name='kind',
            field=models.CharField(choices=[('correction', 'Correction'), ('refusal', 'Refusal'), ('give_back', 'Return to the queue'), ('override', 'Ahead of its turn'), ('second_round', 'Second round of corrections'), ('send_back', 'Return to the officer'), ('refund', 'Refund'), ('ledger', 'Correction of a posting'), ('exception', 'Difference of the daily match'), ('ground', 'Ground of an objection'), ('annulment', 'Annulment of a violation report'), ('waiver', 'Waiver or reduction'), ('correction_proof', 'Refusal of a proof of correction'), ('stop_lift', 'Lifting of a service block'), ('writer_annulment', 'Annulment by the writer of the report'), ('deviation', 'Deviation of an opinion'), ('new_study', 'New study after an objection'), ('visit_moved', 'Move of an inspection')], max_length=20, verbose_name='kind'),
        ),
        migrations.AddConstraint(
            model_name='reasonrule',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['correction', 'refusal', 'give_back', 'override', 'second_round', 'send_back', 'refund', 'ledger', 'exception', 'ground', 'annulment', 'waiver', 'correction_proof', 'stop_lift', 'writer_annulment', 'deviation', 'new_study', 'visit_moved'])), name='rulebook_reason_kind'),
        ),
        migrations.AddField(
            model_name='inspectionrule',
            name='ruleset',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='inspection_rules', to='rulebook.ruleset'),
        ),
        migrations.AddConstraint(
            model_name='inspectionrule',
            constraint=models.UniqueConstraint(fields=('ruleset', 'code'), name='rulebook_inspection_rule_once'),
        ),
        migrations.AddConstraint(
            model_name='inspectionrule',
            constraint=models.UniqueConstraint(fields=('ruleset', 'order'), name='rulebook_inspection_rule_order'),
        ),
    ]
