import django.db.models.deletion
import municipality.kernel.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0002_feedback'),
        ('documents', '0001_initial'),
        ('licensing', '0003_appeals'),
        ('shops', '0002_place_index'),
    ]

    operations = [
        migrations.CreateModel(
            name='BoardRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('fee_fils', models.PositiveBigIntegerField(verbose_name='fees in fils')),
                ('deposit_fils', models.PositiveBigIntegerField(verbose_name='deposits in fils')),
                ('edition', models.CharField(max_length=60, verbose_name='edition of the fees')),
                ('files_key', models.CharField(max_length=60, unique=True)),
                ('case', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.case', verbose_name='request')),
                ('document', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='documents.document', verbose_name='licence')),
                ('shop', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='shops.shop', verbose_name='shop')),
            ],
            options={
                'verbose_name': 'request for boards',
                'verbose_name_plural': 'requests for boards',
                'constraints': [models.CheckConstraint(condition=models.Q(('fee_fils__gt', 0)), name='licensing_boards_amounts')],
            },
        ),
        migrations.CreateModel(
            name='Board',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=municipality.kernel.ids.public_id, max_length=26, unique=True)),
                ('line', models.PositiveSmallIntegerField(verbose_name='number in the request')),
                ('board_class', models.CharField(choices=[('commercial', 'Commercial'), ('introductory', 'Introductory'), ('seasonal', 'Seasonal'), ('construction', 'Construction project')], max_length=20, verbose_name='class')),
                ('medium', models.CharField(choices=[('fascia', 'Board on the front'), ('light_box', 'Light box'), ('glass', 'Glass front'), ('screen', 'Screen with a fixed picture'), ('moving_screen', 'Screen with moving pictures'), ('roof', 'Board on a roof'), ('vehicle', 'Vehicle'), ('cart', 'Cart'), ('bike', 'Delivery motorcycle'), ('balloon', 'Balloon')], max_length=20, verbose_name='medium')),
                ('width_cm', models.PositiveIntegerField(verbose_name='width in centimetres')),
                ('height_cm', models.PositiveIntegerField(verbose_name='height in centimetres')),
                ('faces', models.PositiveSmallIntegerField(verbose_name='faces')),
                ('pieces', models.PositiveSmallIntegerField(verbose_name='pieces')),
                ('months', models.PositiveSmallIntegerField(verbose_name='months')),
                ('place', models.CharField(max_length=120, verbose_name='place')),
                ('period', models.CharField(choices=[('month', 'Month'), ('year', 'Year')], max_length=5, verbose_name='period')),
                ('rate_fils', models.PositiveBigIntegerField(verbose_name='fils for a square metre and face')),
                ('flat_fils', models.PositiveBigIntegerField(verbose_name='fils for a piece')),
                ('deposit_percent', models.PositiveSmallIntegerField(verbose_name='deposit in per cent of the fee')),
                ('article_ar', models.CharField(max_length=200, verbose_name='article in Arabic')),
                ('article_en', models.CharField(max_length=200, verbose_name='article in English')),
                ('revenue_account', models.CharField(max_length=20, verbose_name='revenue account')),
                ('fee_fils', models.PositiveBigIntegerField(verbose_name='fee in fils')),
                ('deposit_fils', models.PositiveBigIntegerField(verbose_name='deposit in fils')),
                ('first_day', models.DateField(blank=True, null=True, verbose_name='from')),
                ('last_day', models.DateField(blank=True, null=True, verbose_name='to')),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='boards', to='licensing.boardrequest', verbose_name='request')),
            ],
            options={
                'verbose_name': 'board',
                'verbose_name_plural': 'boards',
                'ordering': ['request', 'line'],
                'constraints': [models.UniqueConstraint(fields=('request', 'line'), name='licensing_board_line'), models.CheckConstraint(condition=models.Q(('faces__gte', 1), ('fee_fils__gt', 0), ('line__gte', 1), ('months__gte', 1), ('pieces__gte', 1)), name='licensing_board_positive'), models.CheckConstraint(condition=models.Q(models.Q(('height_cm__gt', 0), ('width_cm__gt', 0)), models.Q(('flat_fils__gt', 0), ('height_cm', 0), ('width_cm', 0)), _connector='OR'), name='licensing_board_size'), models.CheckConstraint(condition=models.Q(('board_class__in', ['commercial', 'introductory', 'seasonal', 'construction']), ('medium__in', ['fascia', 'light_box', 'glass', 'screen', 'moving_screen', 'roof', 'vehicle', 'cart', 'bike', 'balloon']), ('period__in', ['month', 'year'])), name='licensing_board_choices'), models.CheckConstraint(condition=models.Q(models.Q(('first_day__isnull', True), ('last_day__isnull', True)), ('last_day__gte', models.F('first_day')), _connector='OR'), name='licensing_board_days')],
            },
        ),
    ]
