-- Step 3: the difference of each commit, fetched back.
SELECT
  kept.commit,
  kept.subject,
  kept.message,
  kept.repos,
  commits.difference,
  commits.parent,
  kept.license,
  kept.licenses
FROM commits_table_dedup AS kept
JOIN `bigquery-public-data.github_repos.commits` AS commits ON commits.commit = kept.commit
