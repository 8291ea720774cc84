/// Models from the Hugging Face Hub, in the cache that all its clients share.
///
/// [HubDownloads][dev.ingot.api.hub.HubDownloads] brings a [Repository][dev.ingot.api.hub.Repository] into the
/// [HubCache][dev.ingot.api.hub.HubCache] by what [HubClient][dev.ingot.api.hub.HubClient] says of its files:
/// ```
/// models--ORG--NAME/refs/main                      the commit that a branch was at
///                  /snapshots/COMMIT/config.json   a link to a blob
///                  /blobs/ETAG                     content, named by its hash
/// ```
/// Nothing is trusted: names are checked before they become paths, and content is hashed before it is used.
@NullMarked
package dev.ingot.api.hub;

import org.jspecify.annotations.NullMarked;
