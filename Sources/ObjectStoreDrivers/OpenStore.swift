package import BackupModel
package import ObjectStore

/// - Throws: `.misconfigured` for a setting that cannot be right; nothing is contacted yet.
package func openStore(_ access: StoreAccess) throws(StoreError) -> any ObjectStore {
    switch access {
    case .folder(let path): try FolderStore(path: path)
    case .s3(let access): try S3Store(access)
    }
}
