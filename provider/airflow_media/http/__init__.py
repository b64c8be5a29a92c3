"""The wire: calls, clients, tokens, bodies and downloads. Knows HTTP; knows no service and no Airflow."""
