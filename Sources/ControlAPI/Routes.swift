/// The paths under `/v1`, for server and client alike. Lists answer JSON arrays, newest first.
///
/// | method and path | body → answer |
/// |---|---|
/// | GET /v1/health | → HealthBody |
/// | GET, POST /v1/clusters | → [ClusterBody]; ClusterAddBody → ClusterBody |
/// | GET /v1/clusters/{name} | → ClusterBody |
/// | PATCH /v1/clusters/{name}/settings | ClusterSettingsPatch → ClusterBody |
/// | POST /v1/clusters/{name}/refresh | → ClusterBody, read anew from the nodes |
/// | POST /v1/hosts/scan, /v1/hosts/trust | HostScanBody, HostTrustBody → HostKeyBody |
/// | GET, POST /v1/stores | → [StoreBody]; StoreBody → StoreBody |
/// | POST /v1/stores/{name}/check | → StoreCheckBody |
/// | GET /v1/backups?cluster=NAME | → [BackupBody] |
/// | POST /v1/backups | BackupStartBody → RunStartedBody |
/// | GET /v1/backups/{id} | → BackupBody with its description |
/// | GET /v1/backups/{id}/files/{name} | → the bytes that a command wrote; their hash in `x-aeneas-sha256` |
/// | POST /v1/backups/{id}/verify | → RunStartedBody |
/// | POST /v1/restores/plan | RestoreStartBody → RestorePlanBody |
/// | GET, POST /v1/restores | ?cluster=NAME → [RestoreBody]; RestoreStartBody → RunStartedBody |
/// | GET /v1/restores/{id} | → RestoreBody with its plan |
/// | POST /v1/restores/{id}/resume, /rollback, /keep, /drop | → RunStartedBody |
/// | GET, POST /v1/applications | → [ApplicationBody] by name; ApplicationAddBody → ApplicationBody |
/// | GET, DELETE /v1/applications/{name} | → ApplicationBody |
/// | PUT /v1/applications/{name}/settings | ApplicationSettingsBody, in place of all that was set → ApplicationBody |
/// | GET /v1/applications/{name}/status | → ApplicationStatusBody, asked of every instance |
/// | POST /v1/applications/{name}/unpause | → ApplicationStatusBody, once every instance is open |
/// | GET /v1/pauses?application=NAME&open=true | → [PauseBody] without calls |
/// | POST /v1/pauses | PauseStartBody → RunStartedBody |
/// | GET /v1/pauses/{id} | → PauseBody |
/// | POST /v1/pauses/{id}/alive | → PauseStateBody |
/// | POST /v1/pauses/{id}/finish | PauseFinishBody → PauseStateBody |
/// | POST /v1/pauses/{id}/end | → PauseBody, once every instance is open |
/// | GET /v1/runs?cluster=NAME | → [RunBody] without nodes and events |
/// | GET /v1/runs/{id}?after=N&wait=SECONDS | → RunBody; waits for news at most so long (30) |
/// | POST /v1/runs/{id}/cancel | → RunBody |
package enum Routes {
    package static let version = "/v1"
    /// Header field of a backup's file.
    package static let fileHash = "x-aeneas-sha256"
}
