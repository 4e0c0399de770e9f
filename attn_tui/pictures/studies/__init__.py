"""The experiments as pictures: a sentence, figures, tables and knobs for each."""
