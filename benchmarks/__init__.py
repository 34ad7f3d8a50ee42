"""Speed as ratios against named baselines; ``make bench`` runs everything here."""
