from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('backups', '0006_sql_files'),
    ]

    operations = [
        migrations.AddField(
            model_name='keptdata',
            name='kind',
            field=models.CharField(choices=[('folders', 'in its folders'), ('sql', 'on the database server')], default='folders', max_length=8, verbose_name='where'),
        ),
    ]
