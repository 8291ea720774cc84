package dev.ingot.it.sim;

import com.typesafe.config.Config;
import org.apache.pekko.actor.ActorRef;
import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.dispatch.Envelope;
import org.apache.pekko.dispatch.MailboxType;
import org.apache.pekko.dispatch.MessageQueue;
import org.apache.pekko.dispatch.UnboundedMailbox;
import scala.Option;

/// The usual mailbox, which lets the executor hear what is put into it.
public final class SimMailbox implements MailboxType {
    /// Pekko makes it by its class name.
    public SimMailbox(ActorSystem.Settings settings, Config config) {}

    @Override
    public MessageQueue create(Option<ActorRef> owner, Option<ActorSystem> system) {
        return new Tapped();
    }

    private static final class Tapped extends UnboundedMailbox.MessageQueue {
        private static final long serialVersionUID = 1L;

        @Override
        public void enqueue(ActorRef receiver, Envelope envelope) {
            super.enqueue(receiver, envelope);
            SimExecutor.Configurator.EXECUTOR.told(envelope.message());
        }
    }
}
