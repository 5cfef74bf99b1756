//! Small words that turn the next one: negation and degree, in English and Chinese. Plain tables.

/// How much of the next word is wished for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Degree {
    /// As it stands.
    Little,
    /// Said outright, even where the word alone would only hint.
    Much,
    /// The middle of its band.
    Middle,
    /// A step away from it: `less busy` is `steady`.
    Less,
    /// The other end: `never busy` is `sparse`.
    Never,
}

impl Degree {
    pub fn is_negative(self) -> bool {
        matches!(self, Degree::Less | Degree::Never)
    }

    /// What two of them come to, in the order of the text.
    pub fn then(self, next: Degree) -> Degree {
        match (self, next) {
            // `much less` is no small step; `not very` is.
            (Degree::Much, Degree::Less) => Degree::Never,
            (Degree::Never, Degree::Much | Degree::Less) => Degree::Less,
            (negative, Degree::Little | Degree::Much) if negative.is_negative() => negative,
            (_, next) => next,
        }
    }
}

/// The degree that a phrase of a folded text sets. At most four words or characters.
pub(super) fn degree(phrase: &str) -> Option<Degree> {
    let degree =
        match phrase {
            "a bit" | "a little" | "a touch" | "a little bit" | "a bit of" | "a little of" | "a touch of"
            | "a hint of" | "a shade" | "a trace of" | "slightly" | "somewhat" | "kind of" | "sort of" | "mildly"
            | "faintly" | "fairly" | "even" | "no more than" | "not more than" | "quite" | "rather" | "pretty"
            | "有点" | "有一点" | "有些" | "稍" | "稍微" | "略" | "略微" | "一点" | "一些" | "微微" | "比较" | "较"
            | "再" => Degree::Little,
            "very" | "much" | "more" | "most" | "really" | "extremely" | "super" | "ultra" | "far" | "way" | "so"
            | "highly" | "deeply" | "totally" | "completely" | "utterly" | "even more" | "nothing but" | "ever"
            | "always" | "all" | "a lot" | "a lot more" | "lots of" | "lot of" | "plenty of" | "full of" | "many"
            | "only" | "purely" | "terribly" | "incredibly" | "wonderfully" | "beautifully" | "很" | "非常" | "更"
            | "更加" | "更为" | "特别" | "十分" | "极" | "极其" | "极为" | "最" | "越来越" | "超" | "超级" | "很多"
            | "许多" | "大量" | "充满" | "多一点" | "多一些" | "多点" | "多些" | "愈" | "越" | "真" | "好" | "相当"
            | "无比" | "始终" | "一直" => Degree::Much,
            "moderately" | "medium" | "mid" | "averagely" | "中等" | "适度" | "适中" => Degree::Middle,
            "less" | "fewer" | "not" | "isnt" | "arent" | "dont" | "doesnt" | "do not" | "does not" | "shouldnt"
            | "wont" | "cant" | "cannot" | "neither" | "nor" | "hardly" | "barely" | "scarcely" | "rarely"
            | "seldom" | "not too" | "not so" | "not as" | "not that" | "not quite" | "not overly" | "too"
            | "too much" | "too many" | "overly" | "no longer" | "reduce" | "fewer of" | "less of" | "不" | "不太"
            | "不要" | "不要太" | "不是" | "别" | "别太" | "不那么" | "没那么" | "不怎么" | "不很" | "不必"
            | "不用" | "没" | "未" | "非" | "少" | "少一点" | "少一些" | "少些" | "少点" | "减少" | "太" | "过于"
            | "过分" | "太多" | "不多" | "不要太多" | "别太多" | "不再" | "不会" | "不能" | "不大" | "别那么"
            | "不要那么" => Degree::Less,
            "no" | "never" | "without" | "without any" | "not at all" | "not any" | "no more" | "none of"
            | "nothing" | "nowhere near" | "anything but" | "avoid" | "avoiding" | "free of" | "lose the"
            | "at all" | "not even" | "not ever" | "zero" | "minus" | "没有" | "绝不" | "毫不" | "毫无" | "无"
            | "从不" | "完全不" | "一点也不" | "一点都不" | "决不" | "绝对不" | "避免" | "去掉" | "不带" | "不含"
            | "永不" => Degree::Never,
            _ => return None,
        };
    Some(degree)
}

/// Words that put one thing beside another.
pub(super) fn links(phrase: &str) -> bool {
    matches!(phrase, "and" | "or" | "nor" | "和" | "与" | "及" | "或" | "或者")
}

/// Words over which a negation goes on: `no leaps or triplets`.
pub(super) fn joins(phrase: &str, degree: Degree) -> bool {
    links(phrase) && (degree == Degree::Never || matches!(phrase, "or" | "nor" | "或" | "或者"))
}

/// Words at which something else begins.
pub(super) fn parts(phrase: &str) -> bool {
    matches!(phrase, "but" | "yet" | "however" | "then" | "instead" | "但" | "但是" | "不过" | "而是" | "然后" | "接着")
}
