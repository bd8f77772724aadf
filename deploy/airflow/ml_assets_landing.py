"""Airflow drives the landing: each minute one `ml-assets tick`, in the foreground of a task.

Airflow needs no package of ml_assets, only its executable. Two Variables say where things are:
`ml_assets_project`, the folder of the project, and `ml_assets_executable` (default: `ml-assets` of the
worker's PATH). Credentials are in neither: the tick takes them from the worker's environment, or from the
project's `.env`. See the README beside this file.
"""

from __future__ import annotations

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from pendulum import datetime

ANOTHER_TICK_IS_AT_WORK = 75

with DAG(
    dag_id="ml_assets_landing",
    description="Takes in what landed, and brings the stages up to date",
    doc_md=__doc__,
    schedule="* * * * *",
    start_date=datetime(2026, 1, 1, tz="UTC"),
    # A tick looks at all that has landed by now: there is no past to make up for.
    catchup=False,
    max_active_runs=1,
    tags=["ml-assets"],
):
    BashOperator(
        task_id="tick",
        bash_command='exec "$ML_ASSETS" tick',
        cwd="{{ var.value.ml_assets_project }}",
        # By the environment, so that no shell reads the name.
        env={"ML_ASSETS": "{{ var.value.get('ml_assets_executable', 'ml-assets') }}"},
        append_env=True,
        skip_on_exit_code=ANOTHER_TICK_IS_AT_WORK,
        # The journal tries again, and counts: a retry within its backoff would have nothing to do, succeed,
        # and hide the failure.
        retries=0,
    )
