use super::*;

const DATA: &[u8] = br#"{"a":{"value":"vpc dev"},"m":{"value":{"b":{"c":1},"l":["x",null]}},"n":{"value":[1,2]},
    "s":{"value":"x","sensitive":true},"z":{"value":null}}"#;

fn format(text: &str) -> Format {
    Format { form: text.parse().unwrap(), ..Format::json() }
}

fn rendered(format: &Format, name: &str, mask: bool) -> String {
    let native: Vec<_> = Some(name.to_owned()).filter(|name| !name.is_empty()).into_iter().collect();
    render(DATA, format, &native, mask).unwrap().text
}

#[test]
fn every_format_has_its_lines() {
    let nested = r#"{"b":{"c":1},"l":["x",null]}"#;
    let doubled = nested.replace('"', "\"\"");
    for (name, expected) in [
        ("env", format!("a=vpc dev\nm={nested}\nn=[1,2]\ns=<MASKED>\n")),
        ("dotenv", format!("a='vpc dev'\nm='{nested}'\nn='[1,2]'\ns='<MASKED>'\n")),
        ("csv", format!("key,value\na,vpc dev\nm,\"{doubled}\"\nn,\"[1,2]\"\ns,<MASKED>\n")),
        ("tsv", format!("key\tvalue\na\tvpc dev\nm\t\"{doubled}\"\nn\t[1,2]\ns\t<MASKED>\n")),
        ("github", format!("a=vpc dev\nm={nested}\nn=[1,2]\ns=<MASKED>\n")),
        ("table", format!("Key  Value\na    vpc dev\nm    {nested}\nn    [1,2]\ns    <MASKED>\n")),
    ] {
        assert_eq!(rendered(&format(name), "", true), expected, "{name}");
    }
    let hcl = rendered(&format("hcl"), "", true);
    assert!(hcl.starts_with("a = \"vpc dev\"\n") && hcl.contains("n = [") && !hcl.contains("z ="), "{hcl}");
    let json: Value = serde_json::from_str(&rendered(&format("json"), "", true)).unwrap();
    assert_eq!((&json["m"]["b"]["c"], &json["z"], &json["s"]), (&1.into(), &Value::Null, &"<MASKED>".into()));
}

#[test]
fn one_output_is_its_value() {
    for (name, output, expected) in [
        ("json", "a", "\"vpc dev\"\n"),
        ("yaml", "a", "vpc dev\n"),
        ("bash", "a", "export a='vpc dev'\n"),
        ("csv", "a", "a,vpc dev\n"),
        ("hcl", "a", "a = \"vpc dev\"\n"),
        ("env", "s", "s=<MASKED>\n"),
    ] {
        assert_eq!(rendered(&format(name), output, true), expected, "{name}");
    }
    assert_eq!(rendered(&format("env"), "s", false), "s=x\n");
    let of = |name: &str, output: &str| render(DATA, &format(name), &[output.to_owned()], true);
    assert!(matches!(of("json", "zz"), Err(Error::OutputNotFound { .. })));
    assert!(matches!(of("bash", "n"), Err(Error::OutputNotScalar { .. })));
    assert!(matches!("frob".parse::<Form>(), Err(Error::OutputFormat { .. })));
}

#[test]
fn names_are_flattened_and_in_capitals() {
    let wish = Format { flatten: true, uppercase: true, ..format("env") };
    assert_eq!(rendered(&wish, "", true), "A=vpc dev\nM_B_C=1\nM_L_0=x\nN_0=1\nN_1=2\nS=<MASKED>\n");
}

#[test]
fn keys_of_maps_are_never_words_of_a_shell() {
    let data =
        br#"{"t":{"value":{"x;touch y;z":"v","$(id)":1,"n\nA=b\nm":2,"a-b":3,"a_b":4}},"o-k":{"value":"p\nEVIL=1"}}"#;
    let flat = |name: &str| render(data, &Format { flatten: true, ..format(name) }, &[], true).unwrap();
    for (name, expected) in [
        (
            "bash",
            "export o_k='p\nEVIL=1'\nexport t___id_=1\nexport t_a_b=4\nexport t_n_A_b_m=2\nexport t_x_touch_y_z=v\n",
        ),
        ("dotenv", "o-k='p\nEVIL=1'\nt___id_='1'\nt_a-b='3'\nt_a_b='4'\nt_n_A_b_m='2'\nt_x_touch_y_z='v'\n"),
        ("env", "t___id_=1\nt_a-b=3\nt_a_b=4\nt_n_A_b_m=2\nt_x_touch_y_z=v\n"),
        (
            "github",
            "o-k<<ATMOS_EOF_o-k\np\nEVIL=1\nATMOS_EOF_o-k\nt___id_=1\nt_a-b=3\nt_a_b=4\nt_n_A_b_m=2\nt_x_touch_y_z=v\n",
        ),
        ("csv", "key,value\no-k,\"p\nEVIL=1\"\nt_$(id),1\nt_a-b,3\nt_a_b,4\n\"t_n\nA=b\nm\",2\nt_x;touch y;z,v\n"),
    ] {
        assert_eq!(flat(name).text, expected, "{name}");
    }
    assert!(!flat("table").text.contains("\nA=b"));
    assert!(flat("hcl").text.contains("t_n_A_b_m = 2\n"), "{}", flat("hcl").text);
    assert_eq!(flat("bash").left_out, ["`t_a-b`, as `t_a_b` is the name of another value"]);
    assert!(flat("env").left_out[0].starts_with("`o-k`"));
    assert!(matches!(render(data, &format("env"), &["o-k".to_owned()], true), Err(Error::OutputLines { .. })));
    let json: Value = serde_json::from_str(&flat("json").text).unwrap();
    assert_eq!(json["t_$(id)"], 1);
}

#[test]
fn keys_take_no_name_of_another_output() {
    let data = br#"{"vpc":{"value":{"id":"evil","same":1}},"vpc_id":{"value":"mine"},"vpc_same":{"value":1}}"#;
    let written = render(data, &Format { flatten: true, ..format("bash") }, &[], true).unwrap();
    assert_eq!(written.text, "export vpc_id=mine\nexport vpc_same=1\n");
    assert_eq!(written.left_out, ["`vpc_id`, as `vpc_id` is the name of another value"]);
}

#[test]
fn files_have_the_values_themselves() {
    let wish = Format { file: Some("out".into()), ..format("env") };
    assert_eq!(rendered(&wish, "s", true), "s=x\n");
}

#[test]
fn texts_of_several_lines_stand_between_marks() {
    assert_eq!(github("k", "a\nb"), "k<<ATMOS_EOF_k\na\nb\nATMOS_EOF_k\n");
    assert!(github("k", "a\nATMOS_EOF_k").starts_with("k<<ATMOS_EOF_k_0\n"));
    assert_eq!(cell("a\"b", ","), "\"a\"\"b\"");
}
