// Names for the types of central/openapi.yaml (schema.gen.ts is made from it). Nothing here says more than the document does.
import type { components } from "./schema.gen.ts";

type Schemas = components["schemas"];

export type Role = Schemas["Role"];
export type Session = Schemas["Session"];
export type ServerSettings = Schemas["Settings"];
export type User = Schemas["User"];
export type Token = Schemas["TokenList"]["tokens"][number];
export type EnrolmentToken = Schemas["EnrolmentTokenList"]["tokens"][number];

export type Definition = Schemas["JobDefinition"];
export type Job = Schemas["Job"];
export type ListedJob = Schemas["ListedJob"];
export type JobPage = Schemas["JobPage"];
export type JobStats = Schemas["JobStats"];
export type BulkWish = Schemas["BulkWish"];
export type BulkAction = BulkWish["action"];
export type BulkResult = Schemas["BulkResult"];
export type RevisionPage = Schemas["RevisionPage"];
export type Revision = RevisionPage["revisions"][number];
export type RevisionDetail = Schemas["Revision"];
export type Assignments = Schemas["Assignments"];
export type Why = Schemas["Why"];

export type ScheduleQuestion = Schemas["ScheduleQuestion"];
export type Preview = Schemas["SchedulePreview"];
export type Zones = Schemas["ZoneList"];

export type Status = Schemas["ExecutionStatus"];
export type Execution = Schemas["Execution"];
export type ExecutionPage = Schemas["ExecutionPage"];
export type ExecutionDetail = Schemas["ExecutionDetail"];

export type Overview = Schemas["Overview"];
export type Spread = Schemas["Spread"];
export type Series = Schemas["Series"];
export type Failures = Schemas["Failures"];
export type LatePage = Schemas["LatePage"];
export type Ledger = Schemas["Ledger"];
export type AgentQuarantinePage = Schemas["QuarantinePage"];
export type QuarantinePage = Schemas["AllQuarantinePage"];

export type Agent = Schemas["Agent"];
export type AgentPage = Schemas["AgentPage"];
export type AgentDetail = Schemas["AgentDetail"];
export type TimelinePage = Schemas["FleetTimeline"];
export type TimelineRow = TimelinePage["agents"][number];

export type AuditPage = Schemas["AuditPage"];
export type AuditEntry = Schemas["AuditEntry"];
export type AuditVerdict = Schemas["AuditReport"];
