"""Owns the model's profile `barline.toml`, which the player reads."""
import captions

CONTEXT = 768


def write(path, bounds, words):
    """`bounds[role][band]` are the two bounds of a band; `words` those that the model has heard often enough."""
    roles = ", ".join(f'"{role}"' for role in captions.ROLES)
    text = f'''# The profile of barline.gguf; written by train/corpus.py.
home_key = "none"
roles = [{roles}]
context = {CONTEXT}
temperature = 0.9
min_p = 0.05
top_k = 40
words = [{", ".join(f'"{word}"' for word in words)}]

# Bounds between the three words of each band (terciles of the training phrases, four bars of the role): density in
# struck notes per whole note, register as mean sounding pitch in the home key, motion as mean interval in semitones,
# contour as mean pitch of the last third minus that of the first third.
'''
    for role in captions.ROLES:
        if role in bounds:
            text += f"[bands.{role}]\n"
            for band in captions.KIT_BANDS if role == "kit" else captions.BANDS:
                text += f"{band} = [{bounds[role][band][0]:.3f}, {bounds[role][band][1]:.3f}]\n"
    path.write_text(text)
