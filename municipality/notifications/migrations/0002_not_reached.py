import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '__first__'),
        ('notifications', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='ChannelChoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email_off', models.BooleanField(default=False)),
                ('sms_off', models.BooleanField(default=False)),
                ('changed_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='NotReached',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('cause', models.CharField(choices=[('failed', 'No channel could deliver it'), ('no_address', 'No confirmed address for a legal notice'), ('unread', 'Request not opened')], max_length=12, verbose_name='reason')),
                ('since', models.DateTimeField(verbose_name='since')),
                ('called_at', models.DateTimeField(blank=True, null=True, verbose_name='called at')),
                ('outcome', models.CharField(blank=True, choices=[('spoken', 'Spoken with'), ('no_answer', 'No answer'), ('wrong_number', 'Wrong number')], max_length=12, verbose_name='outcome')),
            ],
            options={
                'verbose_name': 'person not reached',
                'verbose_name_plural': 'people not reached',
                'indexes': [models.Index(condition=models.Q(('called_at__isnull', True)), fields=['since'], name='notifications_to_call')],
                'constraints': [models.CheckConstraint(condition=models.Q(('cause__in', ['failed', 'no_address', 'unread'])), name='notifications_not_reached_cause')],
            },
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('subject_key', ''), _negated=True), fields=['subject_key'], name='notifications_of_subject'),
        ),
        migrations.AddIndex(
            model_name='message',
            index=models.Index(condition=models.Q(('read_at__isnull', True)), fields=['kind', 'created_at'], name='notifications_unread'),
        ),
        migrations.AddField(
            model_name='channelchoice',
            name='person',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='notreached',
            name='called_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='called by'),
        ),
        migrations.AddField(
            model_name='notreached',
            name='message',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='not_reached', to='notifications.message', verbose_name='message'),
        ),
        migrations.AddConstraint(
            model_name='notreached',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('called_at__isnull', True), ('called_by__isnull', True), ('outcome', '')), models.Q(('called_at__isnull', False), ('called_by__isnull', False), ('outcome__in', ['spoken', 'no_answer', 'wrong_number'])), _connector='OR'), name='notifications_call_whole'),
        ),
    ]
