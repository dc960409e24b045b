// What a TypeScript client writes against the types that openapi-typescript makes of the contract. It is compiled, never run.
import type { paths } from './openapi';

type Request<Operation> = Omit<Operation, 'responses'>;
type Create = Request<paths['/v1/bdbs']['post']>;
type Update = Request<paths['/v1/bdbs/{uid}']['put']>;
type Reset = Request<paths['/v1/bdbs/{uid}/actions/import_reset_status']['put']>;
type Import = Request<paths['/v1/bdbs/{uid}/actions/import']['post']>;
type BDB = paths['/v1/bdbs/{uid}']['get']['responses'][200]['content']['application/json'];

const parameters = { path: { uid: 1 } };
const json = <Body>(body: Body) => ({ content: { 'application/json': body } });

export const reset: Reset = { parameters };
export const create: Create = { parameters: {}, requestBody: json({ name: 'sessions', memory_size: 1073741824 }) };
export const update: Update = { parameters, requestBody: json({ skip_import_analyze: 'enabled' }) };
export const retag: Update = { parameters, requestBody: json({ tags: [{ key: 'team', value: 'search' }] }) };
export const fromFile: Import = {
  parameters,
  requestBody: json({ dataset_import_sources: [{ type: 'mount_point', path: '/mnt/backups/sessions.rdb' }] }),
};
export const done = (bdb: BDB): boolean => bdb.import_status === 'succeeded' || bdb.import_status === 'failed';

// @ts-expect-error a reset names its database
export const resetOfNothing: Reset = { parameters: {} };
// @ts-expect-error a database has a name
export const createWithoutName: Create = { parameters: {}, requestBody: json({ memory_size: 1073741824 }) };
// @ts-expect-error a database has a limit
export const createWithoutLimit: Create = { parameters: {}, requestBody: json({ name: 'sessions' }) };
// @ts-expect-error a setting takes the values of the contract
export const updateToUnknown: Update = { parameters, requestBody: json({ skip_import_analyze: 'perhaps' }) };
// @ts-expect-error a setting keeps its type
export const updateToText: Update = { parameters, requestBody: json({ memory_size: '1gb' }) };
// @ts-expect-error a file on disk has a path
export const fromNowhere: Import = { parameters, requestBody: json({ dataset_import_sources: [{ type: 'mount_point' }] }) };
// @ts-expect-error an import never ends as done
export const never = (bdb: BDB): boolean => bdb.import_status === 'done';
// @ts-expect-error an answer may leave a member out: see `fields`
export const port = (bdb: BDB): number => bdb.port;
// @ts-expect-error a setting that no database has is a mistake
export const misspelt: Update['requestBody']['content']['application/json'] = { skip_import_analyse: 'enabled' };
// @ts-expect-error the status is not for clients to set
export const forced: Update['requestBody']['content']['application/json'] = { import_status: 'idle' };
