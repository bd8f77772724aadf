"""What an intake makes of files that do not conform, by the policy of their contract."""

from __future__ import annotations

import gzip
import json
import shutil
from hashlib import sha256

import pytest

from ml_assets.dvc.tracked import TrackedFolder
from ml_assets.landing.contract import load_contracts
from ml_assets.landing.errors import ContractBroken, ContractsUnusable
from ml_assets.ledger.record import SchemaDrift
from ml_assets_tests.landing.policies import kept_aside, schema_text, table, under
from ml_assets_tests.landing.site import BAD, Site, audit, audit_remote, name_of, rows

MIXED = "date,number\n2013-01-01,10\n2013-01-01,many\n2013-01-02,30\n"


def test_a_policy_that_is_none_is_refused_at_the_start() -> None:
    with pytest.raises(
        ContractsUnusable, match="the policy of 'numbers' is 'shrug'; there are: quarantine, fa"
    ):
        load_contracts("ml_assets_tests.landing.policies:UNHEARD_OF")


def test_fail_commits_nothing_of_the_batch_and_names_key_column_and_row(site: Site) -> None:
    strict = under(site, "fail")
    strict.put(1, rows(1, 10))
    strict.put(2, "date,number\n2013-01-02,20\n2013-01-02,many\n")

    with pytest.raises(ContractBroken) as caught:
        strict.take_in()

    said = str(caught.value)
    assert f"landing/{name_of(2)} breaks the contract of 'numbers'" in said
    assert "column 'number': 1 of 2 values are no Int64 (first: 'many' on line 3)" in said
    assert (strict.records(), strict.raw.text(), kept_aside(strict)) == ([], None, {})

    strict.put(2, rows(2, 20))
    # The batch that failed goes first; the mended file is of the next one.
    assert [[each.path for each in strict.take_in().landed] for _ in range(2)] == [[name_of(1)], [name_of(2)]]
    audit(strict)


def test_fail_is_about_contracts_and_a_key_that_no_contract_covers_is_refused(site: Site) -> None:
    strict = under(site, "fail")
    strict.client.put_object(Bucket=strict.bucket, Key="landing/boats/a.csv", Body=b"x")

    assert [each.cause for each in strict.take_in().quarantined] == ["name"]


def test_quarantine_refuses_a_new_column(site: Site) -> None:
    site.put(1, table(1, "10,red"))

    (refused,) = under(site, "quarantine").take_in().quarantined

    assert (refused.cause, refused.reason) == ("columns", "unexpected column: colour")


def test_evolve_takes_a_new_column_into_the_schema_in_force(site: Site) -> None:
    open_ = under(site, "evolve")
    open_.put(1, rows(1, 10))
    first = open_.take_in().record
    open_.put(2, table(2, "20,red"))

    second = open_.take_in().record

    assert first is not None
    assert second is not None
    assert (first.drift, second.drift) == ((), (SchemaDrift(source="numbers", new=("colour",)),))
    assert first.schema_fingerprint != second.schema_fingerprint
    column = json.loads(schema_text(open_))["numbers"]["columns"]["colour"]
    assert column == {"type": "String", "nullable": True, "declared": False}
    assert open_.files()[name_of(2)] == table(2, "20,red")
    audit(open_)


def test_evolve_knows_the_type_of_a_column_that_was_new_and_refuses_another(site: Site) -> None:
    open_ = under(site, "evolve")
    open_.put(1, table(1, "10,1", "11,2"))
    open_.take_in()
    open_.put(2, table(2, "20,3", "21,red"))
    open_.put(3, table(3, "30,"))
    open_.put(4, rows(4, 40))

    result = open_.take_in()

    assert [each.path for each in result.landed] == [name_of(3), name_of(4)]
    (refused,) = result.quarantined
    assert refused.cause == "columns"
    assert "column 'colour': 1 of 2 values are no Int64 (first: 'red' on line 3)" in refused.reason
    assert result.record is not None
    assert result.record.drift == ()
    audit(open_)


def test_evolve_knows_a_column_that_is_new_in_an_earlier_file_of_the_batch(site: Site) -> None:
    open_ = under(site, "evolve")
    open_.put(1, table(1, "10,1"))
    open_.put(2, table(2, "20,red"))

    result = open_.take_in()

    assert [each.path for each in result.landed] == [name_of(1)]
    assert json.loads(schema_text(open_))["numbers"]["columns"]["colour"]["type"] == "Int64"


def test_evolve_refuses_a_file_that_lacks_a_declared_column(site: Site) -> None:
    open_ = under(site, "evolve")
    open_.put(1, table(1, "red", columns="date,colour"))

    (refused,) = open_.take_in().quarantined

    assert (refused.cause, refused.reason) == ("columns", "missing column: number")


def test_a_clone_whose_raw_is_not_there_yet_checks_with_the_schema_of_the_ledger(site: Site) -> None:
    """Its first look sees no schema, and would take the other type for a new column."""
    open_ = under(site, "evolve")
    open_.put(1, table(1, "10,1"))
    open_.take_in()
    before = schema_text(open_)
    shutil.rmtree(open_.raw.path)
    open_.put(2, table(2, "20,red"))
    open_.put(3, table(3, "30,3"))

    result = open_.take_in()

    assert [each.path for each in result.landed] == [name_of(3)]
    assert len(result.quarantined) == 1
    assert "they are checked again" in " ".join(open_.told)
    assert schema_text(open_) == before
    audit(open_)


def test_rescue_commits_the_good_rows_and_counts_the_others(site: Site) -> None:
    mild = under(site, "rescue")
    mild.put(1, MIXED)

    (landed,) = mild.take_in().landed

    good = "date,number\n2013-01-01,10\n"
    assert mild.files() == {name_of(1): good}
    assert (landed.rows, landed.rejected_rows) == (3, 2)
    assert landed.sha256 == sha256(MIXED.encode()).hexdigest()
    assert landed.cleaned_sha256 == landed.in_raw_sha256 == sha256(good.encode()).hexdigest()
    audit(mild)


def test_rescue_keeps_the_other_rows_beside_with_their_reasons(site: Site) -> None:
    mild = under(site, "rescue")
    mild.put(1, MIXED)
    mild.take_in()

    kept = kept_aside(mild)

    name = "2013-01-01.csv.rejects.jsonl"
    assert set(kept) == {name, f"{name}.reason.json"}
    assert [json.loads(line)["row"] for line in kept[name].splitlines()] == [2, 3]
    reason = json.loads(kept[f"{name}.reason.json"])
    assert reason["key"] == f"landing/{name_of(1)}"
    assert "column 'number': 1 of 3 values are no Int64" in reason["reason"]


def test_rescue_refuses_a_file_without_a_good_row_and_keeps_all_of_it(site: Site) -> None:
    mild = under(site, "rescue")
    mild.put(1, BAD)

    result = mild.take_in()

    assert (len(result.landed), len(result.quarantined)) == (0, 1)
    assert kept_aside(mild)["2013-01-01.csv"].decode() == BAD
    assert mild.raw.text() is None


def test_an_intake_that_is_tried_again_makes_no_second_copy_of_what_was_rescued(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    mild = under(site, "rescue")
    mild.put(1, MIXED)
    with monkeypatch.context() as broken:
        broken.setattr(TrackedFolder, "push", _fail)
        with pytest.raises(ConnectionError):
            mild.take_in()
    first = kept_aside(mild)

    mild.take_in()

    assert kept_aside(mild) == first
    assert len(first) == len(list((mild.root / ".ml_assets/quarantine").rglob("*.*")))
    audit(mild)


def test_another_machine_gets_the_rows_that_were_rescued(
    site: Site, tmp_path_factory: pytest.TempPathFactory
) -> None:
    mild = under(site, "rescue")
    mild.put(1, MIXED)
    mild.take_in()

    audit_remote(mild, tmp_path_factory.mktemp("other") / "elsewhere")


def test_a_mended_file_replaces_the_rows_that_were_rescued(site: Site) -> None:
    mild = under(site, "rescue")
    mild.put(1, MIXED)
    first = mild.take_in().landed[0]
    mild.put(1, rows(1, 10, 20))

    second = mild.take_in().landed[0]

    assert (second.superseded, second.cleaned_sha256) == (first.etag, None)
    assert mild.files() == {name_of(1): rows(1, 10, 20)}
    audit(mild)


def _fail(*_: object, **__: object) -> None:
    raise ConnectionError("no remote")


def test_the_settings_say_how_files_are_read(site: Site) -> None:
    site.put(1, rows(1, 10).rstrip("\n"))
    assert "has no line end" in site.take_in().quarantined[0].reason
    packed = gzip.compress(rows(2, 20).encode())
    zipped = under(site, "zipped", csv_last_line_end="optional", max_unpacked_bytes=20)
    for name in ("2013-01-01.csv", "2013-01-02.csv.gz"):
        body = rows(1, 11).rstrip("\n").encode() if name.endswith(".csv") else packed
        zipped.client.put_object(Bucket=site.bucket, Key=f"landing/{name[8:10]}/{name}", Body=body)

    result = zipped.take_in()

    assert [each.path for each in result.landed] == ["01/2013-01-01.csv"]
    assert "holds more than 20 bytes" in result.quarantined[0].reason


def test_a_compressed_file_is_in_raw_as_it_landed(site: Site) -> None:
    packed = gzip.compress(rows(2, 20).encode())
    zipped = under(site, "zipped")
    zipped.client.put_object(Bucket=site.bucket, Key="landing/02/2013-01-02.csv.gz", Body=packed)

    (landed,) = zipped.take_in().landed

    assert (site.raw.path / landed.path).read_bytes() == packed
    assert (landed.rows, landed.cleaned_sha256) == (1, None)
