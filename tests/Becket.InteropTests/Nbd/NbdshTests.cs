using Becket.InteropTests.Processes;
using Becket.InteropTests.Stores;

namespace Becket.InteropTests.Nbd;

/// <summary>nbdsh: libnbd one call at a time, from Python.</summary>
public sealed class NbdshTests(RealStores stores) : InteropTest(stores)
{
    [Theory]
    [MemberData(nameof(Places))]
    public async Task Reads_of_any_offset_and_length_are_the_disks_bytes(Place place)
    {
        await using var becket = await ServeDiskAsync(place);

        await Nbdsh.RunAsync(
            $$"""
            import random
            h.connect_uri("{{becket.Uri}}")
            disk = open("{{await Stores.GetDiskAsync()}}", "rb")
            random.seed(11)
            size = h.get_size()
            ranges = [(0, 1), (size - 1, 1), (size - 513, 513), (4095, 2), (0, 32 << 20)]
            ranges += [(random.randrange(size - 300000), random.randrange(1, 300000)) for _ in range(100)]
            for offset, length in ranges:
                disk.seek(offset)
                assert h.pread(length, offset) == disk.read(length), (offset, length)
            """,
            Token);

        await becket.StopAsync(Token);
    }

    [Fact]
    public async Task What_cannot_be_done_is_refused_with_the_right_error_and_the_connection_lives()
    {
        await using var becket = await ServeDiskAsync(Place.DevS3);

        await Nbdsh.RunAsync(
            $$"""
            import errno
            h.set_strict_mode(0)
            h.add_meta_context("base:allocation")
            h.connect_uri("{{becket.Uri}}")
            size = h.get_size()
            def refused(error, call, *arguments):
                try:
                    call(*arguments)
                except nbd.Error as e:
                    assert e.errnum == error, (e.errno, call, arguments[1:])
                else:
                    assert False, (call, arguments)
            refused(errno.EINVAL, h.pread, 4096, size)
            refused(errno.EINVAL, h.pread, 4096, size - 1)
            refused(errno.EPERM, h.pwrite, b"x" * 65536, 0)
            refused(errno.EPERM, h.trim, 4096, 0)
            refused(errno.EPERM, h.zero, 4096, 0)
            assert h.can_flush()
            h.flush()
            if h.can_cache():
                h.cache(4096, 0)
            extents = []
            h.block_status(size, 0, lambda context, offset, entries, error: extents.extend(entries))
            assert sum(extents[0::2]) <= size and len(extents) >= 2, extents
            assert len(h.pread(4096, size - 4096)) == 4096
            """,
            Token);

        await becket.StopAsync(Token);
    }

    [Fact]
    public async Task Single_connection_over_standard_input_and_output()
    {
        var serve = BecketServer.CommandFor(await Stores.GetDiskInAsync(Place.DevS3), "-s");

        await Nbdsh.RunAsync(
            $$"""
            import os
            h.connect_command([{{string.Join(", ", serve.Arguments.Prepend(serve.Program).Select(word => $"\"{word}\""))}}])
            disk = open("{{await Stores.GetDiskAsync()}}", "rb")
            assert h.get_size() == os.path.getsize(disk.name)
            assert h.pread(1 << 20, 0) == disk.read(1 << 20)
            h.shutdown()
            """,
            Token,
            [.. serve.Environment]);
    }
}
