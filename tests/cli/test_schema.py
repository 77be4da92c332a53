"""`backline schema preset` gives the schema that is shipped."""

import json

import pytest

pytestmark = pytest.mark.slow


def test_it_prints_a_json_schema_that_takes_a_good_preset(backline):
    import jsonschema

    done = backline("schema", "preset")
    assert done.code == 0
    schema = json.loads(done.out)
    jsonschema.Draft202012Validator.check_schema(schema)
    good = {"preset": 1, "name": "Keys", "nodes": {"keys": {"plugin": "polysynth"}}, "wires": ["midi -> keys -> out"]}
    jsonschema.validate(good, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**good, "wirse": []}, schema)


def test_it_writes_a_file(backline):
    done = backline("schema", "preset", "-o", "preset.json", "--json")
    assert done.code == 0
    assert json.loads(done.out) == {"document": "preset", "file": "preset.json"}
    assert json.loads((backline.folder / "preset.json").read_text()) == json.loads(backline("schema", "preset").out)


def test_an_unknown_document_is_refused(backline):
    done = backline("schema", "presset")
    assert done.code == 2
    assert done.errors == 'error: there is no schema of "presset"; there is one of preset\n'
