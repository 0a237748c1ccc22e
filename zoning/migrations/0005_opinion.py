import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '__first__'),
        ('cases', '0002_feedback'),
        ('documents', '0001_initial'),
        ('rulebook', '0006_opinion'),
        ('zoning', '0004_map_outlines'),
    ]

    operations = [
        migrations.CreateModel(
            name='Opinion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('asker', models.CharField(choices=[('owner', 'The owner, or a tenant with a contract'), ('office', 'An engineering office, for the owner'), ('body', 'A ministry or another body, with its letter')], max_length=10, verbose_name='who asks')),
                ('floor', models.SmallIntegerField(blank=True, null=True, verbose_name='floor')),
                ('instant_outcome', models.CharField(choices=[('permitted', 'Permitted'), ('conditional', 'Permitted with conditions'), ('not_permitted', 'Not permitted'), ('limits', 'The published building limits apply'), ('other_limits', 'Other building limits apply'), ('no_data', 'No data')], max_length=15, verbose_name='instant answer')),
                ('instant_grounds', models.JSONField(default=list, verbose_name='grounds of the instant answer')),
                ('instant_edition', models.CharField(blank=True, max_length=60, verbose_name='edition of the rules')),
                ('activity_group', models.CharField(blank=True, max_length=30, verbose_name='group of activities')),
                ('land_class', models.CharField(blank=True, max_length=30, verbose_name='class of land use')),
                ('longitude', models.FloatField()),
                ('latitude', models.FloatField()),
                ('files_key', models.CharField(max_length=60, unique=True)),
                ('activity', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='rulebook.activity', verbose_name='activity')),
                ('case', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case', verbose_name='request')),
                ('document', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='documents.document', verbose_name='document')),
                ('plot', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='zoning.plot', verbose_name='plot')),
            ],
            options={
                'verbose_name': 'zoning opinion',
                'verbose_name_plural': 'zoning opinions',
                'indexes': [models.Index(fields=['activity_group', 'land_class'], name='zoning_opinion_alike')],
                'constraints': [models.CheckConstraint(condition=models.Q(('asker__in', ['owner', 'office', 'body'])), name='zoning_opinion_asker'), models.CheckConstraint(condition=models.Q(('instant_outcome__in', ['permitted', 'conditional', 'not_permitted', 'limits', 'other_limits', 'no_data'])), name='zoning_opinion_instant'), models.CheckConstraint(condition=models.Q(models.Q(('activity__isnull', True), ('floor__isnull', True)), models.Q(('activity__isnull', False), ('floor__isnull', False)), _connector='OR'), name='zoning_opinion_question')],
            },
        ),
        migrations.CreateModel(
            name='Consultation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=30, verbose_name='code')),
                ('name_ar', models.CharField(max_length=120, verbose_name='name in Arabic')),
                ('name_en', models.CharField(max_length=120, verbose_name='name in English')),
                ('question_ar', models.CharField(max_length=200, verbose_name='question in Arabic')),
                ('question_en', models.CharField(max_length=200, verbose_name='question in English')),
                ('is_safety', models.BooleanField(default=False, verbose_name='about health or safety')),
                ('asked_at', models.DateTimeField(verbose_name='asked at')),
                ('due_at', models.DateTimeField(verbose_name='to answer by')),
                ('silent_at', models.DateTimeField(blank=True, null=True, verbose_name='silent since')),
                ('answer', models.CharField(blank=True, choices=[('no_objection', 'No objection'), ('conditions', 'No objection, with conditions'), ('objection', 'Objection')], max_length=15, verbose_name='answer')),
                ('words', models.CharField(blank=True, max_length=500, verbose_name='words of the answer')),
                ('answered_at', models.DateTimeField(blank=True, null=True, verbose_name='answered at')),
                ('recorded_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='recorded by')),
                ('opinion', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='consultations', to='zoning.opinion', verbose_name='zoning opinion')),
            ],
            options={
                'verbose_name': 'consultation',
                'verbose_name_plural': 'consultations',
                'indexes': [models.Index(condition=models.Q(('answered_at__isnull', True), ('silent_at__isnull', True)), fields=['due_at'], name='zoning_consultation_due')],
                'constraints': [models.UniqueConstraint(fields=('opinion', 'code'), name='zoning_consultation_once'), models.CheckConstraint(condition=models.Q(('answer__in', ['', 'no_objection', 'conditions', 'objection'])), name='zoning_consultation_answer'), models.CheckConstraint(condition=models.Q(models.Q(('answer', ''), ('answered_at__isnull', True), ('recorded_by__isnull', True)), models.Q(models.Q(('answer', ''), _negated=True), ('answered_at__isnull', False), ('recorded_by__isnull', False)), _connector='OR'), name='zoning_consultation_recorded'), models.CheckConstraint(condition=models.Q(('silent_at__isnull', True), ('silent_at__gte', models.F('due_at')), _connector='OR'), name='zoning_consultation_silent')],
            },
        ),
        migrations.CreateModel(
            name='OpinionDraft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('outcome', models.CharField(choices=[('permitted', 'Permitted'), ('conditional', 'Permitted with conditions'), ('not_permitted', 'Not permitted'), ('limits', 'The published building limits apply'), ('other_limits', 'Other building limits apply'), ('no_data', 'No data')], max_length=15, verbose_name='outcome')),
                ('agreement', models.CharField(choices=[('agrees', 'Agrees'), ('deviates', 'Deviates'), ('completes', 'Decides what the data leave open')], max_length=10, verbose_name='against the instant answer')),
                ('is_unlike', models.BooleanField(default=False, verbose_name='unlike all like cases')),
                ('code', models.CharField(blank=True, max_length=40, verbose_name='reason')),
                ('text_ar', models.TextField(verbose_name='text in Arabic')),
                ('text_en', models.TextField(verbose_name='text in English')),
                ('made_at', models.DateTimeField(verbose_name='written at')),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='written by')),
                ('opinion', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='drafts', to='zoning.opinion', verbose_name='zoning opinion')),
            ],
            options={
                'verbose_name': 'draft of an opinion',
                'verbose_name_plural': 'drafts of opinions',
                'constraints': [models.CheckConstraint(condition=models.Q(('outcome__in', ['permitted', 'conditional', 'not_permitted', 'limits', 'other_limits'])), name='zoning_draft_outcome'), models.CheckConstraint(condition=models.Q(('agreement__in', ['agrees', 'deviates', 'completes'])), name='zoning_draft_agreement'), models.CheckConstraint(condition=models.Q(models.Q(('text_ar', ''), _negated=True), models.Q(('text_en', ''), _negated=True)), name='zoning_draft_both_languages'), models.CheckConstraint(condition=models.Q(models.Q(('code', ''), _negated=True), models.Q(models.Q(('agreement', 'deviates'), _negated=True), ('is_unlike', False)), _connector='OR'), name='zoning_draft_reason')],
            },
        ),
        migrations.CreateModel(
            name='RuleTask',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=40, verbose_name='reason')),
                ('edition', models.CharField(blank=True, max_length=60, verbose_name='edition of the rules')),
                ('opened_at', models.DateTimeField(verbose_name='opened at')),
                ('due_on', models.DateField(verbose_name='to be done by')),
                ('done_at', models.DateTimeField(blank=True, null=True, verbose_name='done at')),
                ('result', models.CharField(blank=True, max_length=300, verbose_name='what was found')),
                ('done_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='done by')),
                ('opinion', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='task', to='zoning.opinion', verbose_name='zoning opinion')),
            ],
            options={
                'verbose_name': 'rule to look at',
                'verbose_name_plural': 'rules to look at',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('done_at__isnull', True), ('done_by__isnull', True), ('result', '')), models.Q(('done_at__isnull', False), ('done_by__isnull', False), models.Q(('result', ''), _negated=True)), _connector='OR'), name='zoning_task_done')],
            },
        ),
    ]
