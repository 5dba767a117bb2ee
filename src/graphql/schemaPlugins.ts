import "postgraphile";
import { BigIntPlugin } from "./bigIntPlugin.ts";
import { CurrentTaskPlugin } from "./currentTaskPlugin.ts";
import { ExposurePlugin } from "./exposurePlugin.ts";
import { JobSpecPlugin } from "./jobSpecPlugin.ts";
import { JobFilterPlugin } from "./jobFilterPlugin.ts";
import { JobOrderPlugin } from "./jobOrderPlugin.ts";
import { LeanSchemaPlugin } from "./leanSchemaPlugin.ts";
import { MutationsPlugin } from "./mutationsPlugin.ts";
import { NamesPlugin } from "./namesPlugin.ts";
import { NewestFirstPlugin } from "./newestFirstPlugin.ts";
import { PageLimitPlugin } from "./pageLimitPlugin.ts";
import { RowArgumentPlugin } from "./rowArgumentPlugin.ts";
import { ShapeLimitPlugin } from "./shapeLimitPlugin.ts";
import { StatisticsPlugin } from "./statisticsPlugin.ts";
import { DescriptionPlugin } from "./descriptionPlugin.ts";

/** What makes of the database the schema that clients see, the same in each server. */
export const SCHEMA_PLUGINS: readonly GraphileConfig.Plugin[] = [
  BigIntPlugin,
  CurrentTaskPlugin,
  ExposurePlugin,
  JobSpecPlugin,
  JobFilterPlugin,
  JobOrderPlugin,
  LeanSchemaPlugin,
  MutationsPlugin,
  NamesPlugin,
  NewestFirstPlugin,
  PageLimitPlugin,
  RowArgumentPlugin,
  ShapeLimitPlugin,
  StatisticsPlugin,
  DescriptionPlugin,
];
