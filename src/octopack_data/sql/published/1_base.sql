-- Step 1, published: commits of wanted repositories, with a message that may say something.
-- Kept from the release: a repository stands here once for each of its languages that is wanted; messages are compared
-- with the noise as they are, as LIKE patterns (_ is any letter); truncated differences are not looked at.
WITH wanted_repositories AS (
  SELECT languages.repo_name, licenses.license
  FROM `bigquery-public-data.github_repos.languages` AS languages
  CROSS JOIN UNNEST(languages.language) AS spoken
  JOIN UNNEST(@languages) AS language_pattern ON spoken.name LIKE language_pattern
  JOIN `bigquery-public-data.github_repos.licenses` AS licenses ON licenses.repo_name = languages.repo_name
  JOIN UNNEST(@licenses) AS wanted_license ON licenses.license = wanted_license
)
SELECT commits.commit, commits.difference, commits.subject, commits.message, unnested_repo_name, wanted.license
FROM `bigquery-public-data.github_repos.commits` AS commits
CROSS JOIN UNNEST(commits.repo_name) AS unnested_repo_name
JOIN wanted_repositories AS wanted ON wanted.repo_name = unnested_repo_name
WHERE CHAR_LENGTH(commits.message) > 5
  AND CHAR_LENGTH(commits.message) < 10000
  AND NOT REGEXP_CONTAINS(LOWER(commits.message), @noise_pattern)
