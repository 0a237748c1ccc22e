import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('licensing', '0004_boards'),
        ('rulebook', '0010_board_limits'),
    ]

    operations = [
        migrations.CreateModel(
            name='BoardCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('height', 'Height of a free-standing board with its base'), ('distance', 'Distance to the next free-standing board'), ('share', 'Width as a share of the shop front'), ('land', 'Land use of the place'), ('subject', 'What the board advertises')], max_length=10, verbose_name='rule')),
                ('outcome', models.CharField(choices=[('passes', 'In order'), ('fails', 'Not allowed'), ('unknown', 'Cannot be measured')], max_length=10, verbose_name='result')),
                ('measured_value', models.PositiveIntegerField(blank=True, null=True, verbose_name='measured value')),
                ('limit_value', models.PositiveIntegerField(blank=True, null=True, verbose_name='limit')),
                ('measured_ar', models.CharField(max_length=300, verbose_name='measured value in Arabic')),
                ('measured_en', models.CharField(max_length=300, verbose_name='measured value in English')),
                ('limit_ar', models.CharField(max_length=300, verbose_name='limit in Arabic')),
                ('limit_en', models.CharField(max_length=300, verbose_name='limit in English')),
                ('article_ar', models.CharField(max_length=200, verbose_name='article in Arabic')),
                ('article_en', models.CharField(max_length=200, verbose_name='article in English')),
                ('is_assumption', models.BooleanField(default=False, verbose_name='assumption')),
            ],
            options={
                'verbose_name': 'rule check of a board',
                'verbose_name_plural': 'rule checks of boards',
                'ordering': ['pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['height', 'distance', 'share', 'land', 'subject']), ('outcome__in', ['passes', 'fails', 'unknown'])), name='licensing_board_check_choices'), models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['land', 'subject']), ('limit_value__isnull', True), ('measured_value__isnull', True)), models.Q(('kind__in', ['height', 'share', 'distance']), ('limit_value__isnull', False), models.Q(models.Q(('measured_value__isnull', True), ('outcome', 'unknown')), models.Q(('measured_value__isnull', False), models.Q(models.Q(('kind__in', ['height', 'share']), ('measured_value__lte', models.F('limit_value')), ('outcome', 'passes')), models.Q(('kind__in', ['height', 'share']), ('measured_value__gt', models.F('limit_value')), ('outcome', 'fails')), models.Q(('kind', 'distance'), ('measured_value__gte', models.F('limit_value')), ('outcome', 'passes')), models.Q(('kind', 'distance'), ('measured_value__lt', models.F('limit_value')), ('outcome', 'fails')), _connector='OR')), _connector='OR')), _connector='OR'), name='licensing_board_check_compared')],
            },
        ),
        migrations.RemoveConstraint(
            model_name='board',
            name='licensing_board_choices',
        ),
        migrations.AddField(
            model_name='board',
            name='approval',
            field=models.CharField(blank=True, max_length=120, verbose_name='official approval'),
        ),
        migrations.AddField(
            model_name='board',
            name='front_cm',
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name='width of the shop front in centimetres'),
        ),
        migrations.AddField(
            model_name='board',
            name='is_standing',
            field=models.BooleanField(default=False, verbose_name='stands on the ground on a base of its own'),
        ),
        migrations.AddField(
            model_name='board',
            name='next_cm',
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name='distance to the next free-standing board in centimetres'),
        ),
        migrations.AddField(
            model_name='board',
            name='subject',
            field=models.CharField(blank=True, choices=[('shop', 'Name and activity of the shop'), ('goods', 'Goods, services or a brand'), ('tobacco', 'Tobacco'), ('medical', 'A medicine or a medical operation'), ('other', 'Something else')], max_length=10, verbose_name='what the board advertises'),
        ),
        migrations.AddField(
            model_name='board',
            name='top_cm',
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name='height of the upper edge in centimetres'),
        ),
        migrations.AddField(
            model_name='boardrequest',
            name='checked_on',
            field=models.DateField(blank=True, null=True, verbose_name='checked on'),
        ),
        migrations.AddField(
            model_name='boardrequest',
            name='rules',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='rulebook.ruleset', verbose_name='edition of the rules'),
        ),
        migrations.AddConstraint(
            model_name='board',
            constraint=models.CheckConstraint(condition=models.Q(('board_class__in', ['commercial', 'introductory', 'seasonal', 'construction']), ('medium__in', ['fascia', 'light_box', 'glass', 'screen', 'moving_screen', 'roof', 'vehicle', 'cart', 'bike', 'balloon']), ('period__in', ['month', 'year']), ('subject__in', ['', 'shop', 'goods', 'tobacco', 'medical', 'other'])), name='licensing_board_choices'),
        ),
        migrations.AddField(
            model_name='boardcheck',
            name='board',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='checks', to='licensing.board', verbose_name='board'),
        ),
        migrations.AddConstraint(
            model_name='boardcheck',
            constraint=models.UniqueConstraint(fields=('board', 'kind', 'is_assumption'), name='licensing_board_check_once'),
        ),
    ]
