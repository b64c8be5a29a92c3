"""The Airflow side that all services share: connections, submitting once, waiting, cancelling, telling."""
