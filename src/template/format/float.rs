//! Floats: the shortest text that gives the number back, or one of a certain precision.

use super::flags::Flags;

/// `%v` of a float.
pub(super) fn shortest(number: f64) -> String {
    if !number.is_finite() {
        return special(number);
    }
    general(number, None, 'e')
}

fn special(number: f64) -> String {
    if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "+Inf"
    } else {
        "-Inf"
    }
    .to_owned()
}

/// `%e`, `%f`, `%g`, `%b`, `%x` and their upper cases, with flags and width.
pub(super) fn write(out: &mut String, flags: &Flags, number: f64, verb: char) {
    let text = match verb {
        _ if !number.is_finite() => special(number),
        'e' | 'E' => exponential(number, flags.precision.unwrap_or(6), verb),
        'f' | 'F' => format!("{number:.*}", flags.precision.unwrap_or(6)),
        'b' => binary(number),
        'x' | 'X' => hexadecimal(number, flags.precision, verb),
        'G' => general(number, flags.precision, 'E'),
        _ => general(number, flags.precision, 'e'),
    };
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let sign = match (negative, flags.plus, flags.space) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ if number.is_infinite() => "+",
        _ => "",
    };
    if !number.is_finite() {
        // What does not look like a number is not filled with zeros.
        flags.pad_spaces(out, &format!("{sign}{digits}"));
        return;
    }
    let digits = if flags.sharp && verb != 'b' { keep_zeros(digits, flags, verb) } else { digits.to_owned() };
    if flags.zero && !flags.minus {
        let wanted = flags.width.unwrap_or(0).saturating_sub(sign.len());
        out.push_str(sign);
        out.extend(std::iter::repeat_n('0', wanted.saturating_sub(digits.len())));
        out.push_str(&digits);
    } else {
        flags.pad_spaces(out, &format!("{sign}{digits}"));
    }
}

/// Go's exponent has a sign and two digits at least.
fn exponential(number: f64, precision: usize, verb: char) -> String {
    with_exponent(&format!("{number:.precision$e}"), verb)
}

fn with_exponent(text: &str, verb: char) -> String {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    let mark = if verb.is_ascii_uppercase() { 'E' } else { 'e' };
    format!("{mantissa}{mark}{sign}{digits:0>2}")
}

/// The fewest digits that give the number back, with its exponent. Where two texts of that length are equally near, Go
/// takes the even one.
fn shortest_digits(number: f64) -> String {
    let shortest = format!("{number:e}");
    let digits = shortest.split('e').next().map_or(0, |mantissa| mantissa.bytes().filter(u8::is_ascii_digit).count());
    if digits < 15 {
        return shortest;
    }
    let rounded = format!("{number:.*e}", digits - 1);
    let same = rounded.parse::<f64>().is_ok_and(|parsed| parsed.to_bits() == number.to_bits());
    if same { rounded } else { shortest }
}

/// `%g`: exponents below -4 and from the precision on are written as such.
fn general(number: f64, precision: Option<usize>, mark: char) -> String {
    let scientific = match precision {
        None => shortest_digits(number),
        Some(precision) => format!("{number:.*e}", precision.max(1) - 1),
    };
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |mantissa| ("-", mantissa));
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    let digits = match precision {
        Some(_) => digits.trim_end_matches('0'),
        None => &digits,
    };
    let digits = if digits.is_empty() { "0" } else { digits };
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let limit = match precision {
        // The shortest form counts as one of six digits, however many it has.
        None => 6,
        Some(precision) => {
            let precision = i32::try_from(precision.max(1)).unwrap_or(i32::MAX);
            if precision > count && count > exponent { count } else { precision }
        }
    };
    if exponent < -4 || exponent >= limit {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        let (mark_sign, power) = if exponent < 0 { ('-', -exponent) } else { ('+', exponent) };
        return format!("{sign}{first}{point}{rest}{mark}{mark_sign}{power:02}");
    }
    let zeros = |number: i32| "0".repeat(usize::try_from(number).unwrap_or(0));
    if exponent < 0 {
        format!("{sign}0.{}{digits}", zeros(-exponent - 1))
    } else if exponent + 1 >= count {
        format!("{sign}{digits}{}", zeros(exponent + 1 - count))
    } else {
        let (whole, fraction) = digits.split_at(usize::try_from(exponent + 1).unwrap_or(0));
        format!("{sign}{whole}.{fraction}")
    }
}

/// `%#g`: a point always, and the zeros that `%g` cuts.
fn keep_zeros(text: &str, flags: &Flags, verb: char) -> String {
    let split = match verb {
        'x' | 'X' => text.find(['p', 'P']),
        _ => text.find(['e', 'E']),
    };
    let (body, tail) = text.split_at(split.unwrap_or(text.len()));
    let mut wanted = match verb {
        'g' | 'G' | 'v' | 'x' => flags.precision.unwrap_or(6),
        _ => 0,
    };
    let mut significant = false;
    for c in body.chars().filter(|c| *c != '.') {
        significant |= c != '0';
        if significant {
            wanted = wanted.saturating_sub(1);
        }
    }
    let mut body = body.to_owned();
    if !body.contains('.') {
        if body == "0" {
            wanted = wanted.saturating_sub(1);
        }
        body.push('.');
    }
    body.extend(std::iter::repeat_n('0', wanted));
    body.push_str(tail);
    body
}

/// Mantissa and exponent of a float, as integers: `mantissa * 2^exponent`.
fn parts(number: f64) -> (u64, i32) {
    let bits = number.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    let exponent = i32::try_from((bits >> 52) & 0x7ff).unwrap_or(0);
    if exponent == 0 { (fraction, -1074) } else { (fraction | (1 << 52), exponent - 1075) }
}

/// `%b`
fn binary(number: f64) -> String {
    let (mantissa, exponent) = parts(number);
    let sign = if number.is_sign_negative() { "-" } else { "" };
    format!("{sign}{mantissa}p{exponent:+}")
}

/// `%x`
fn hexadecimal(number: f64, precision: Option<usize>, verb: char) -> String {
    let sign = if number.is_sign_negative() { "-" } else { "" };
    let (mut mantissa, mut exponent) = parts(number);
    if mantissa == 0 {
        exponent = 0;
    } else {
        // One digit before the point: bit 60 leads.
        let shift = mantissa.leading_zeros() - 3;
        exponent += 60 - i32::try_from(shift).unwrap_or(0);
        mantissa <<= shift;
        if let Some(precision) = precision.filter(|precision| *precision < 15) {
            let drop = u32::try_from((15 - precision) * 4).unwrap_or(0);
            let (half, rest) = (1_u64 << (drop - 1), mantissa & ((1 << drop) - 1));
            let odd = (mantissa >> drop) & 1 == 1;
            mantissa = (mantissa >> drop) + u64::from(rest > half || rest == half && odd);
            mantissa <<= drop;
            if mantissa >> 61 != 0 {
                mantissa >>= 1;
                exponent += 1;
            }
        }
    }
    let mut digits = format!("{:015x}", mantissa & ((1 << 60) - 1));
    match precision {
        None => digits.truncate(digits.trim_end_matches('0').len()),
        Some(precision) if precision < 15 => digits.truncate(precision),
        Some(precision) => digits.extend(std::iter::repeat_n('0', precision - 15)),
    }
    let point = if digits.is_empty() { "" } else { "." };
    let (mark, power) = if exponent < 0 { ('-', -exponent) } else { ('+', exponent) };
    // Adding two keeps the leading digit: it is one, or zero for zero.
    let text = format!("{sign}0x{}{point}{digits}p{mark}{power:02}", mantissa >> 60);
    if verb == 'X' { text.to_uppercase() } else { text }
}
