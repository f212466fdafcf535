"""Recording of runs: jobs append to a journal beside their results, one process sends the journals to MLflow."""

import os

# Before any module imports mlflow, which sends reports about its use otherwise.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
