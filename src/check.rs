//! What a text should be told: everything the parser noticed, and bars whose length is off.
