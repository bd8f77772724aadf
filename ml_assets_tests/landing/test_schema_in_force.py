"""The schema in force: what it says, when it changes, and how it lies in raw."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import dataframely as dy
import pytest

from ml_assets.landing.contract import Policy
from ml_assets.landing.errors import Rejected, SchemaUnreadable
from ml_assets.landing.paths import relative_path
from ml_assets.landing.schema_in_force import (
    SCHEMA_FILE,
    drift,
    fingerprint,
    next_schemas,
    read_schemas,
    schemas_text,
)
from ml_assets.ledger.record import SchemaDrift
from ml_assets_tests.factories import dvc
from ml_assets_tests.landing.policies import schema_text, under
from ml_assets_tests.landing.site import BAD, Site, audit, rows


class Trips(dy.Schema):
    city = dy.String(nullable=False)
    miles = dy.Int64(nullable=True)


class Shorter(dy.Schema):
    city = dy.Enum(["NYC"], nullable=False)
    fare = dy.Float64(nullable=True)


@dataclass(frozen=True)
class Folder:
    schema: type[dy.Schema] = Trips
    date_columns: tuple[str, ...] = ()
    file_name: str = ""
    policy: Policy = "evolve"


def test_its_text_comes_back_as_the_same_schemas() -> None:
    schemas = next_schemas({"trips": Folder()}, {}, [("trips", {"note": "String"})])

    again = read_schemas(schemas_text(schemas), where="here")

    assert again == schemas
    assert schemas_text(again) == schemas_text(schemas)


def test_it_says_columns_types_policy_and_a_fingerprint_for_each_source() -> None:
    said = json.loads(schemas_text(next_schemas({"trips": Folder()}, {}, [])))["trips"]

    assert said["policy"] == "evolve"
    assert said["columns"]["city"] == {"type": "String", "nullable": False, "declared": True}
    assert len(said["fingerprint"]) == 64


def test_a_grown_column_stays_until_the_policy_no_longer_lets_any_grow() -> None:
    grown = next_schemas({"trips": Folder()}, {}, [("trips", {"note": "String"})])

    assert next_schemas({"trips": Folder()}, grown, []) == grown
    closed = next_schemas({"trips": Folder(policy="quarantine")}, grown, [])
    assert list(drift(grown, closed)) == [SchemaDrift(source="trips", missing=("note",))]


def test_drift_names_what_is_new_missing_and_of_another_type() -> None:
    before = next_schemas({"trips": Folder()}, {}, [])
    after = next_schemas({"trips": Folder(schema=Shorter), "boats": Folder()}, before, [])

    assert list(drift(before, after)) == [
        SchemaDrift(source="trips", new=("fare",), missing=("miles",), retyped=("city",))
    ]


def test_of_two_types_of_a_new_column_the_first_is_in_force() -> None:
    new = [("trips", {"note": "Int64"}), ("trips", {"note": "String"})]

    assert next_schemas({"trips": Folder()}, {}, new)["trips"].grown == {"note": "Int64"}


def test_the_fingerprint_is_of_the_columns_and_not_of_the_policy() -> None:
    one = next_schemas({"trips": Folder()}, {}, [])

    assert fingerprint(one) == fingerprint(next_schemas({"trips": Folder(policy="fail")}, {}, []))
    assert fingerprint(one) != fingerprint(next_schemas({"trips": Folder(schema=Shorter)}, {}, []))


@pytest.mark.parametrize(
    "text", ["", "[]", '{"trips": {}}', '{"trips": {"policy": "x", "columns": {"a": 1}}}']
)
def test_what_is_no_schema_is_told_with_the_command_that_mends_it(text: str) -> None:
    with pytest.raises(SchemaUnreadable, match=r"at raw/\.schema\.json(?s:.*)ml-assets landing reconcile"):
        read_schemas(text, where="raw/.schema.json")


def test_an_intake_writes_it_into_raw_and_dvc_tracks_it(site: Site) -> None:
    site.put(1, rows(1, 10))
    record = site.take_in().record

    schemas = read_schemas(schema_text(site), where="raw")
    assert list(schemas) == ["numbers"]
    assert record is not None
    assert record.schema_fingerprint == fingerprint(schemas)
    assert "up to date" in dvc("status", cwd=site.root)
    (site.raw.path / SCHEMA_FILE).unlink()
    dvc("checkout", "-q", "--force", cwd=site.root)
    assert read_schemas(schema_text(site), where="raw") == schemas


def test_it_is_written_only_when_it_changes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.put(1, rows(1, 10))
    site.take_in()
    written: list[str] = []
    monkeypatch.setattr("ml_assets.landing.schema_step.replace_file", lambda _, text: written.append(text))
    site.put(2, rows(2, 20))

    record = site.take_in().record

    assert written == []
    assert record is not None
    assert record.drift == ()
    audit(site)


def test_another_contract_changes_it_with_the_next_files(site: Site) -> None:
    site.put(1, rows(1, 10))
    site.take_in()
    before = schema_text(site)
    mild = under(site, "rescue")
    site.put(2, rows(2, 20))

    record = mild.take_in().record

    assert record is not None
    assert record.schema_fingerprint == fingerprint(read_schemas(before, where="raw"))
    assert json.loads(before)["numbers"]["policy"] == "quarantine"
    assert json.loads(schema_text(site))["numbers"]["policy"] == "rescue"
    audit(mild)


def test_files_that_were_all_refused_change_nothing_and_say_so(site: Site) -> None:
    site.put(1, BAD)

    record = site.take_in().record

    assert record is not None
    assert record.schema_fingerprint is None
    assert not (site.raw.path / SCHEMA_FILE).exists()


def test_a_project_without_contracts_has_none(site: Site) -> None:
    loose = replace(site, settings=site.settings.model_copy(update={"contracts": None}))
    loose.put(1, rows(1, 10))

    record = loose.take_in().record

    assert not (site.raw.path / SCHEMA_FILE).exists()
    assert record is not None
    assert (record.schema_fingerprint, record.landed[0].rows) == (None, None)


@pytest.mark.parametrize("name", [SCHEMA_FILE, ".Schema.json", f"{SCHEMA_FILE}/a.csv"])
def test_no_key_can_take_its_place(name: str) -> None:
    with pytest.raises(Rejected, match="is where the schema in force is kept"):
        relative_path(f"landing/{name}", "landing/")
    assert relative_path(f"landing/a/{name}", "landing/")


def test_an_object_of_its_name_is_not_taken_in(site: Site) -> None:
    loose = replace(site, settings=site.settings.model_copy(update={"contracts": None}))
    loose.client.put_object(Bucket=site.bucket, Key=f"landing/{SCHEMA_FILE}", Body=b"{}")

    assert not loose.take_in().landed
