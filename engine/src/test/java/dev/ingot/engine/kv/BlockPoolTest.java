package dev.ingot.engine.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class BlockPoolTest {
    private final BlockPool pool = new BlockPool(3);

    @Test
    void refusesADoubleRelease() {
        int block = pool.allocate();
        pool.release(block, KvAllocator.NO_STEP);
        assertThatThrownBy(() -> pool.release(block, KvAllocator.NO_STEP))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("nobody holds it");
    }

    @Test
    void refusesADoubleReleaseWhileFenced() {
        int block = pool.allocate();
        pool.release(block, 1);
        assertThatThrownBy(() -> pool.release(block, 1)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void refusesAForeignBlock() {
        assertThatThrownBy(() -> pool.release(3, KvAllocator.NO_STEP))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> pool.release(-1, KvAllocator.NO_STEP))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void sharesOnlyPublishedBlocks() {
        int block = pool.allocate();
        assertThatThrownBy(() -> pool.acquire(block)).isInstanceOf(IllegalStateException.class);
        pool.publish(block);
        pool.acquire(block);
        assertThat(pool.references(block)).isEqualTo(2);
        pool.checkInvariants();
    }

    @Test
    void reusesFreeBlocksInTheOrderInWhichTheyBecameFree() {
        int first = pool.allocate();
        int second = pool.allocate();
        int third = pool.allocate();
        pool.release(third, KvAllocator.NO_STEP);
        pool.release(first, KvAllocator.NO_STEP);
        pool.release(second, KvAllocator.NO_STEP);
        assertThat(pool.allocate()).isEqualTo(third);
        assertThat(pool.allocate()).isEqualTo(first);
        assertThat(pool.allocate()).isEqualTo(second);
        assertThatThrownBy(pool::allocate).isInstanceOf(IllegalStateException.class);
    }
}
