"""Links and files of released versions, replayed from then on."""
