export { families } from './families.ts';
export { makeTasks, type MakeTasksOptions, type TasksEntry, type TaskSet } from './make-tasks.ts';
export { labelledWindow, oracleTable } from './oolong/host-table.ts';
export { normaliseInstance } from './oolong/records.ts';
export {
  defaultCount,
  family,
  taskId,
  type Family,
  type FamilyRequest,
  type OpenRequest,
  type TaskSource,
  type TextInfo,
} from './source.ts';
export { splitOf, type Split } from './splits.ts';
export { taskSchema, type Task, type TaskContext, type TaskInput } from './task.ts';
