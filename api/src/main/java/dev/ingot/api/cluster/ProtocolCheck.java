package dev.ingot.api.cluster;

import com.typesafe.config.Config;
import java.util.ArrayList;
import java.util.List;
import org.apache.pekko.cluster.ConfigValidation;
import org.apache.pekko.cluster.Invalid;
import org.apache.pekko.cluster.JoinConfigCompatChecker;
import org.apache.pekko.cluster.Valid;
import org.apache.pekko.japi.Util;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.collection.immutable.Seq;

/// Lets a node into the cluster only if it speaks the same protocol.
///
/// Asked by the node that wants to join, of the other's configuration, and the other way round.
public final class ProtocolCheck extends JoinConfigCompatChecker {
    static final String KEY = "ingot.cluster.protocol";
    private static final Logger log = LoggerFactory.getLogger(ProtocolCheck.class);

    @Override
    public Seq<String> requiredKeys() {
        return Util.immutableSeq(List.of(KEY));
    }

    @Override
    public ConfigValidation check(Config joining, Config ours) {
        var wrong = new ArrayList<String>();
        String theirs = joining.hasPath(KEY) ? joining.getString(KEY) : "none";
        if (!theirs.equals(ours.getString(KEY))) {
            String reason =
                    "one node speaks Ingot's protocol "
                            + theirs
                            + ", the other "
                            + ours.getString(KEY)
                            + ": update the older one";
            log.error("Refused to be in one cluster: {}", reason);
            wrong.add(reason);
        }
        return wrong.isEmpty() ? Valid.getInstance() : new Invalid(Util.immutableSeq(wrong));
    }
}
