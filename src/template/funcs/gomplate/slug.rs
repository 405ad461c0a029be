//! Names for addresses: `Hello, World!` becomes `hello-world`.

/// Letters with marks of Latin alphabets and what they become. Other letters are dropped.
const LETTERS: &[(&str, &str)] = &[
    ("àáâãåāăąÀÁÂÃÅĀĂĄäÄ", "a"),
    ("æÆ", "ae"),
    ("çćĉċčÇĆĈĊČ", "c"),
    ("ďđðĎĐÐ", "d"),
    ("èéêëēĕėęěÈÉÊËĒĔĖĘĚ", "e"),
    ("ĝğġģĜĞĠĢ", "g"),
    ("ĥħĤĦ", "h"),
    ("ìíîïĩīĭįıÌÍÎÏĨĪĬĮİ", "i"),
    ("ĵĴ", "j"),
    ("ķĶ", "k"),
    ("ĺļľŀłĹĻĽĿŁ", "l"),
    ("ñńņňÑŃŅŇ", "n"),
    ("òóôõøōŏőÒÓÔÕØŌŎŐöÖ", "o"),
    ("œŒ", "oe"),
    ("ŕŗřŔŖŘ", "r"),
    ("śŝşšŚŜŞŠ", "s"),
    ("ß", "ss"),
    ("ţťŧŢŤŦ", "t"),
    ("þÞ", "th"),
    ("ùúûũūŭůűųÙÚÛŨŪŬŮŰŲüÜ", "u"),
    ("ŵŴ", "w"),
    ("ýÿŷÝŸŶ", "y"),
    ("źżžŹŻŽ", "z"),
    ("&", "and"),
    ("@", "at"),
    ("‒–—―", "-"),
    ("'’‘\"“”", ""),
];

/// Small letters, digits, underscores and single dashes.
pub(super) fn make(text: &str) -> String {
    let mut out = String::new();
    for letter in text.trim().chars() {
        match LETTERS.iter().find(|(letters, _)| letters.contains(letter)) {
            Some((_, plain)) => out.push_str(plain),
            None if letter.is_ascii_alphanumeric() || letter == '_' => out.push(letter.to_ascii_lowercase()),
            None => out.push('-'),
        }
    }
    let words: Vec<&str> = out.split('-').filter(|word| !word.is_empty()).collect();
    words.join("-").trim_matches(['-', '_']).to_owned()
}
