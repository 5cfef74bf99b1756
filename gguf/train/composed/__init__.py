"""Music that this project composes from rules, for what the tune books lack: `piece.compose` makes one piece."""
