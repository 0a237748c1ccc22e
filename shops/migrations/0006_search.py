import django.db.models.deletion
from django.db import migrations, models

# What Django's models cannot say: byte order for ranges of beginnings, an array of words under GIN, and a table of FTS5.
POSTGRES = [
    'ALTER TABLE shops_searchword ALTER COLUMN word TYPE varchar(80) COLLATE "C"',
    'ALTER TABLE shops_searchform ALTER COLUMN form TYPE varchar(81) COLLATE "C"',
    'ALTER TABLE shops_searchnumber ALTER COLUMN number TYPE varchar(40) COLLATE "C"',
    'ALTER TABLE shops_searchentry ALTER COLUMN name_ar TYPE varchar(170) COLLATE "C"',
    'ALTER TABLE shops_searchentry ALTER COLUMN name_en TYPE varchar(170) COLLATE "C"',
    "ALTER TABLE shops_searchentry ADD COLUMN tokens int[] NOT NULL DEFAULT '{}'",
    "CREATE INDEX shops_searchentry_tokens ON shops_searchentry USING gin (tokens) WITH (fastupdate = off)",
]
SQLITE = ["CREATE VIRTUAL TABLE shops_searchtext USING fts5(words, content='', detail='none', tokenize='ascii')"]


def make(apps, schema_editor):
    for statement in POSTGRES if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        schema_editor.execute("DROP TABLE shops_searchtext")


class Migration(migrations.Migration):

    dependencies = [
        ('places', '0001_initial'),
        ('shops', '0005_register_events'),
    ]

    operations = [
        migrations.CreateModel(
            name='SearchEntry',
            fields=[
                ('shop', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='shops.shop')),
                ('name_ar', models.CharField(max_length=170)),
                ('name_en', models.CharField(blank=True, max_length=170)),
                ('words', models.TextField()),
                ('latitude', models.FloatField(null=True)),
                ('longitude', models.FloatField(null=True)),
                ('closed_on', models.DateField(null=True)),
                ('suspended_on', models.DateField(null=True)),
                ('licence', models.CharField(choices=[('none', 'No health licence'), ('active', 'Valid'), ('ended', 'Ended'), ('suspended', 'Suspended'), ('revoked', 'Revoked')], default='none', max_length=10)),
                ('licence_end', models.DateField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='SearchForm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('form', models.CharField(max_length=81)),
            ],
        ),
        migrations.CreateModel(
            name='SearchNumber',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=40)),
            ],
        ),
        migrations.CreateModel(
            name='SearchWord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('word', models.CharField(max_length=80, unique=True)),
                ('count', models.PositiveIntegerField(default=1)),
            ],
        ),
        migrations.AddField(
            model_name='searchentry',
            name='area',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='places.area'),
        ),
        migrations.AddField(
            model_name='searchnumber',
            name='shop',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='shops.shop'),
        ),
        migrations.AddField(
            model_name='searchform',
            name='word',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='forms', to='shops.searchword'),
        ),
        migrations.AddIndex(
            model_name='searchentry',
            index=models.Index(fields=['name_ar'], name='shops_entry_ar'),
        ),
        migrations.AddIndex(
            model_name='searchentry',
            index=models.Index(fields=['name_en'], name='shops_entry_en'),
        ),
        migrations.AddIndex(
            model_name='searchentry',
            index=models.Index(condition=models.Q(('licence', 'active')), fields=['licence_end'], name='shops_entry_ending'),
        ),
        migrations.AddConstraint(
            model_name='searchnumber',
            constraint=models.UniqueConstraint(fields=('number', 'shop'), name='shops_number_once'),
        ),
        migrations.AddConstraint(
            model_name='searchform',
            constraint=models.UniqueConstraint(fields=('form', 'word'), name='shops_form_once'),
        ),
        migrations.RunPython(make, drop),
    ]
