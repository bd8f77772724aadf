"""Native libraries with threads of their own work after the fork: the same threads, the same bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from ml_assets_tests.dvc.warm_runs import cold, stage_env, starts, warm
from ml_assets_tests.factories import write

PRELOAD = [
    "polars", "numpy", "pandas", "pyarrow.parquet", "pyarrow.compute", "joblib", "scipy.linalg",
    "sklearn.ensemble", "sklearn.linear_model", "sklearn.pipeline", "sklearn.compose", "threadpoolctl",
]  # fmt: skip

SETUP = """\
import numpy as np
rng = np.random.default_rng(3)
X, y = rng.normal(size=(20_000, 12)), rng.integers(0, 2, 20_000)
"""
SCRIPTS = {
    "matmul": """
        import scipy.linalg
        big = rng.normal(size=(700, 700))
        np.save("matmul.npy", [big @ big.T, scipy.linalg.inv(big), np.linalg.svd(big)[0]])
    """,
    "gb": """
        import joblib
        from sklearn.ensemble import HistGradientBoostingClassifier
        model = HistGradientBoostingClassifier(max_iter=20, random_state=1).fit(X, y)
        np.save("gb.npy", model.predict_proba(X))
        joblib.dump(model, "gb.joblib")
    """,
    "logreg": """
        import joblib
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        joblib.dump(make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y), "logreg.joblib")
    """,
    "forest": """
        from sklearn.ensemble import RandomForestClassifier
        model = RandomForestClassifier(30, max_depth=5, n_jobs=2, random_state=1).fit(X, y)
        model.n_jobs = 1  # two would add the trees' votes in any order, cold as well
        np.save("forest.npy", model.predict_proba(X))
    """,
    "arrow": """
        import pyarrow as pa, pyarrow.compute as pc, pyarrow.parquet as pq
        table = pa.table({f"x{n}": X[:, n] for n in range(12)} | {"y": y})
        pq.write_table(table, "arrow.parquet")
        read = pq.read_table("arrow.parquet", filters=[("y", "=", 1)], use_threads=True)
        pq.write_table(read.group_by("y").aggregate([("x1", "mean")]), "aggregate.parquet")
        print(pa.cpu_count(), pa.io_thread_count(), pa.default_memory_pool().backend_name)
    """,
    "polars": """
        import polars as pl
        frame = pl.DataFrame({"k": y, "x": X[:, 0], "s": [f"n{n % 97}" for n in range(len(y))]})
        frame.write_parquet("frame.parquet")
        for engine in ("in-memory", "streaming"):
            lazy = pl.scan_parquet("frame.parquet").join(frame.lazy().unique("s"), on="s")
            groups = lazy.group_by("s").agg(pl.col("x").max(), pl.len()).sort("s").collect(engine=engine)
            groups.write_parquet(f"polars-{engine}.parquet")
        pl.scan_parquet("frame.parquet").sort("x").sink_csv("sorted.csv")
        print(pl.thread_pool_size())
    """,
    "pandas": """
        import pandas as pd
        frame = pd.DataFrame(X).add_prefix("x").assign(y=y, day=pd.Timestamp("2013-01-01"))
        frame.groupby("y").rolling(7)[["x1", "x2"]].mean().to_csv("pandas.csv")
        frame.to_parquet("pandas.parquet")
        print(pd.read_parquet("pandas.parquet").equals(frame))
    """,
    "joblib": """
        import joblib
        if __name__ == "__main__":
            for backend in ("loky", "multiprocessing", "threading"):
                with joblib.parallel_config(backend, n_jobs=2):
                    print(joblib.Parallel()(joblib.delayed(np.linalg.norm)(X[n:]) for n in range(4)))
    """,
    "threads": """
        import sklearn.ensemble, threadpoolctl, os
        X @ X.T[:, :5]
        pools = threadpoolctl.threadpool_info()
        print(sorted((each["user_api"], each["prefix"], each["num_threads"]) for each in pools))
    """,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("compute")
    for name, text in SCRIPTS.items():
        lines = [line.removeprefix("        ") for line in text.splitlines()]
        write(root, {f"run_{name}.py": SETUP + "\n".join(lines) + "\n"})
    for way in ("warm", "cold"):
        (root / way).mkdir()
    return root


def prints(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.md5(file.read_bytes()).hexdigest() for file in folder.iterdir()}  # noqa: S324


@pytest.mark.slow
def test_results_are_byte_identical_to_those_of_cold_starts(folder: Path) -> None:
    env = stage_env()
    with starts(folder, env, stage=PRELOAD) as server:
        for name in SCRIPTS:
            found = warm(server, f"python ../run_{name}.py", cwd=folder / "warm", env=env)
            assert found.warm, found.told
            expected = cold(f"python ../run_{name}.py", cwd=folder / "cold", env=env)
            assert (found.code, found.lines) == (expected.code, expected.lines)
            assert found.code == 0, found.lines
    assert prints(folder / "warm") == prints(folder / "cold")
    assert len(prints(folder / "warm")) == 13
