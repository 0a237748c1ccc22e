import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('rulebook', '0012_measures'),
    ]

    operations = [
        migrations.CreateModel(
            name='ReportBodyRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=20, verbose_name='code')),
                ('name_ar', models.CharField(max_length=120, verbose_name='name in Arabic')),
                ('name_en', models.CharField(max_length=120, verbose_name='name in English')),
                ('contact', models.CharField(max_length=160, verbose_name='contact')),
                ('days', models.PositiveSmallIntegerField(verbose_name='days until it comes back')),
            ],
            options={
                'verbose_name': 'body for reports',
                'verbose_name_plural': 'bodies for reports',
            },
        ),
        migrations.CreateModel(
            name='ReportCategoryRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=20, verbose_name='code')),
                ('order', models.PositiveSmallIntegerField(verbose_name='order')),
                ('group_ar', models.CharField(max_length=80, verbose_name='group in Arabic')),
                ('group_en', models.CharField(max_length=80, verbose_name='group in English')),
                ('name_ar', models.CharField(max_length=120, verbose_name='name in Arabic')),
                ('name_en', models.CharField(max_length=120, verbose_name='name in English')),
                ('icon', models.CharField(max_length=30, verbose_name='symbol')),
                ('severity', models.CharField(choices=[('low', 'Low'), ('normal', 'Normal'), ('high', 'High'), ('urgent', 'Urgent'), ('emergency', 'Emergency: call 112')], default='normal', max_length=10, verbose_name='severity')),
                ('hours', models.PositiveSmallIntegerField(default=72, verbose_name='promised hours')),
                ('clock', models.CharField(choices=[('working', 'Working hours'), ('always', 'Day and night')], default='working', max_length=8, verbose_name='clock')),
                ('may_be_anonymous', models.BooleanField(default=True, verbose_name='without a name')),
                ('is_of_shops', models.BooleanField(default=False, verbose_name='about a shop')),
                ('body', models.CharField(blank=True, max_length=20, verbose_name='body')),
                ('offences', models.CharField(blank=True, max_length=200, verbose_name='offences, codes separated by commas')),
                ('words', models.CharField(blank=True, max_length=400, verbose_name='what people call it')),
                ('article_ar', models.CharField(max_length=200, verbose_name='article in Arabic')),
                ('article_en', models.CharField(max_length=200, verbose_name='article in English')),
                ('is_assumption', models.BooleanField(default=False, verbose_name='assumption')),
            ],
            options={
                'verbose_name': 'category of reports',
                'verbose_name_plural': 'categories of reports',
                'ordering': ['order'],
                'constraints': [models.CheckConstraint(condition=models.Q(('clock__in', ['working', 'always']), ('hours__gte', 4), ('severity__in', ['low', 'normal', 'high', 'urgent', 'emergency'])), name='rulebook_report_category_choices'), models.CheckConstraint(condition=models.Q(models.Q(('article_ar', ''), _negated=True), models.Q(('article_en', ''), _negated=True)), name='rulebook_report_category_has_article')],
            },
        ),
        migrations.CreateModel(
            name='ReportQuestionRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('category', models.CharField(max_length=20, verbose_name='category')),
                ('code', models.CharField(max_length=20, verbose_name='code')),
                ('order', models.PositiveSmallIntegerField(verbose_name='order')),
                ('text_ar', models.CharField(max_length=160, verbose_name='question in Arabic')),
                ('text_en', models.CharField(max_length=160, verbose_name='question in English')),
                ('options', models.JSONField(blank=True, default=list, verbose_name='answers to choose from; empty for yes or no')),
                ('is_required', models.BooleanField(default=False, verbose_name='must be answered')),
                ('raises_on', models.CharField(blank=True, max_length=20, verbose_name='answer that raises the severity')),
                ('raises_to', models.CharField(blank=True, choices=[('low', 'Low'), ('normal', 'Normal'), ('high', 'High'), ('urgent', 'Urgent'), ('emergency', 'Emergency: call 112')], max_length=10, verbose_name='severity then')),
            ],
            options={
                'verbose_name': 'question of a report',
                'verbose_name_plural': 'questions of reports',
                'ordering': ['category', 'order'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('raises_on', ''), ('raises_to', '')), models.Q(models.Q(('raises_on', ''), _negated=True), ('raises_to__in', ['low', 'normal', 'high', 'urgent', 'emergency'])), _connector='OR'), name='rulebook_report_question_raises')],
            },
        ),
        migrations.RemoveConstraint(
            model_name='reasonrule',
            name='rulebook_reason_kind',
        ),
        migrations.AlterField(
            model_name='reasonrule',
            name='kind',
            field=models.CharField(choices=[('correction', 'Correction'), ('refusal', 'Refusal'), ('give_back', 'Return to the queue'), ('override', 'Ahead of its turn'), ('second_round', 'Second round of corrections'), ('send_back', 'Return to the officer'), ('refund', 'Refund'), ('ledger', 'Correction of a posting'), ('exception', 'Difference of the daily match'), ('ground', 'Ground of an objection'), ('annulment', 'Annulment of a violation report'), ('waiver', 'Waiver or reduction'), ('correction_proof', 'Refusal of a proof of correction'), ('stop_lift', 'Lifting of a service block'), ('writer_annulment', 'Annulment by the writer of the report'), ('deviation', 'Deviation of an opinion'), ('new_study', 'New study after an objection'), ('visit_moved', 'Move of an inspection'), ('measure', 'Measure against a shop'), ('report_result', 'Result of a report'), ('report_hidden', 'Hiding something of a report'), ('report_step', 'Step of a report'), ('report_ban', 'Stop of reporting')], max_length=20, verbose_name='kind'),
        ),
        migrations.AddConstraint(
            model_name='reasonrule',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['correction', 'refusal', 'give_back', 'override', 'second_round', 'send_back', 'refund', 'ledger', 'exception', 'ground', 'annulment', 'waiver', 'correction_proof', 'stop_lift', 'writer_annulment', 'deviation', 'new_study', 'visit_moved', 'measure', 'report_result', 'report_hidden', 'report_step', 'report_ban'])), name='rulebook_reason_kind'),
        ),
        migrations.AddField(
            model_name='reportbodyrule',
            name='ruleset',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='report_bodies', to='rulebook.ruleset'),
        ),
        migrations.AddField(
            model_name='reportcategoryrule',
            name='ruleset',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='report_categories', to='rulebook.ruleset'),
        ),
        migrations.AddField(
            model_name='reportquestionrule',
            name='ruleset',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='report_questions', to='rulebook.ruleset'),
        ),
        migrations.AddConstraint(
            model_name='reportbodyrule',
            constraint=models.UniqueConstraint(fields=('ruleset', 'code'), name='rulebook_report_body_once'),
        ),
        migrations.AddConstraint(
            model_name='reportcategoryrule',
            constraint=models.UniqueConstraint(fields=('ruleset', 'code'), name='rulebook_report_category_once'),
        ),
        migrations.AddConstraint(
            model_name='reportcategoryrule',
            constraint=models.UniqueConstraint(fields=('ruleset', 'order'), name='rulebook_report_category_order'),
        ),
        migrations.AddConstraint(
            model_name='reportquestionrule',
            constraint=models.UniqueConstraint(fields=('ruleset', 'category', 'code'), name='rulebook_report_question_once'),
        ),
    ]
