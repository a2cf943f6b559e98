from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('selfservice', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='InstalledWebelexis',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('origin', models.CharField(max_length=9)),
                ('place', models.TextField()),
                ('generation', models.CharField(blank=True, choices=[('', 'I do not know'), ('3.5', '3.1 to 3.5'), ('3.7', '3.7 and newer')], max_length=3)),
                ('version', models.CharField(blank=True, max_length=40)),
                ('has_shim', models.BooleanField(null=True)),
                ('other_file', models.TextField(blank=True)),
                ('found_at', models.DateTimeField()),
            ],
            options={
                'default_permissions': (),
            },
        ),
    ]
