"""The making and the checking of HumanEvalPack: from solutions and edited bugs to rows, and what is wrong with rows."""
