import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('rulebook', '0005_land_use'),
    ]

    operations = [
        migrations.CreateModel(
            name='ConsultationRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('article_ar', models.CharField(max_length=200, verbose_name='article in Arabic')),
                ('article_en', models.CharField(max_length=200, verbose_name='article in English')),
                ('is_assumption', models.BooleanField(default=False, verbose_name='assumption')),
                ('group', models.CharField(blank=True, max_length=30, verbose_name='group of activities')),
                ('code', models.CharField(max_length=30, verbose_name='code')),
                ('name_ar', models.CharField(max_length=120, verbose_name='name in Arabic')),
                ('name_en', models.CharField(max_length=120, verbose_name='name in English')),
                ('question_ar', models.CharField(max_length=200, verbose_name='question in Arabic')),
                ('question_en', models.CharField(max_length=200, verbose_name='question in English')),
                ('working_days', models.PositiveSmallIntegerField(verbose_name='working days to answer')),
                ('is_safety', models.BooleanField(default=False, verbose_name='about health or safety')),
            ],
            options={
                'verbose_name': 'consulted body',
                'verbose_name_plural': 'consulted bodies',
                'ordering': ['pk'],
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('article_ar', ''), _negated=True), models.Q(('article_en', ''), _negated=True)), name='rulebook_consultationrule_has_article'), models.CheckConstraint(condition=models.Q(('working_days__gt', 0)), name='rulebook_consultation_days')],
            },
        ),
        migrations.RemoveConstraint(
            model_name='reasonrule',
            name='rulebook_reason_kind',
        ),
        migrations.AlterField(
            model_name='reasonrule',
            name='kind',
            field=models.CharField(choices=[('correction', 'Correction'), ('refusal', 'Refusal'), ('give_back', 'Return to the queue'), ('override', 'Ahead of its turn'), ('second_round', 'Second round of corrections'), ('send_back', 'Return to the officer'), ('refund', 'Refund'), ('ledger', 'Correction of a posting'), ('exception', 'Difference of the daily match'), ('ground', 'Ground of an objection'), ('annulment', 'Annulment of a violation report'), ('waiver', 'Waiver or reduction'), ('correction_proof', 'Refusal of a proof of correction'), ('stop_lift', 'Lifting of a service block'), ('writer_annulment', 'Annulment by the writer of the report'), ('deviation', 'Deviation of an opinion')], max_length=20, verbose_name='kind'),
        ),
        migrations.AddConstraint(
            model_name='reasonrule',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['correction', 'refusal', 'give_back', 'override', 'second_round', 'send_back', 'refund', 'ledger', 'exception', 'ground', 'annulment', 'waiver', 'correction_proof', 'stop_lift', 'writer_annulment', 'deviation'])), name='rulebook_reason_kind'),
        ),
        migrations.AddField(
            model_name='consultationrule',
            name='ruleset',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='consultations', to='rulebook.ruleset'),
        ),
        migrations.AddConstraint(
            model_name='consultationrule',
            constraint=models.UniqueConstraint(fields=('ruleset', 'group', 'code'), name='rulebook_consultation_once'),
        ),
    ]
