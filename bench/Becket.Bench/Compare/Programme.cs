using Becket.Bench.Compare.Races;
using Becket.Bench.Compare.Setting;

namespace Becket.Bench.Compare;

/// <summary>The races, in the order in which they are run and shown.</summary>
internal static class Programme
{
    /// <summary>Rows of the table and what they are called.</summary>
    public static readonly IReadOnlyList<(string Row, string Title)> Rows =
    [
        ("plain-gets", "plain parallel GETs"),
        ("copy", "nbdcopy, 1 GiB"),
        ("seq", "128 KiB sequential, depth 1"),
        ("rand32", "4 KiB random, depth 32, cold"),
        ("rand1", "4 KiB random, depth 1, cold"),
        ("mount-ext4", "first mount, ext4 by mke2fs -d"),
        ("mount-ext4-copied", "first mount, ext4 by cp"),
        ("mount-xfs", "first mount, xfs"),
        ("mount-squashfs", "first mount, squashfs"),
        ("second-mount", "second mount, ext4"),
        ("warm-rand1", "4 KiB random, depth 1, warm"),
        ("warm-rand32", "4 KiB random, depth 32, warm"),
        ("warm-copy1", "nbdcopy, 1 connection, warm"),
        ("warm-copy4", "nbdcopy, 4 connections, warm"),
    ];

    /// <summary>The races that are wanted, those left out that this Becket or nobody can run.</summary>
    public static IReadOnlyList<Race> Of(CompareOptions options, Peers peers)
    {
        var network = peers.Pick(Peers.S3, Peers.Curl, Peers.Readahead, Peers.Qemu, Peers.Becket);
        var cached = Able(peers.Pick(Peers.File, Peers.Becket), "--cache-dir", "second-mount", options, peers);
        var warm = Able(peers.Pick(Peers.Memory, Peers.File, Peers.Becket), "--cache-memory", "warm", options, peers);

        Race[] all =
        [
            new CopyRace(network),
            ColdFioRace.Sequential(network),
            ColdFioRace.Random("rand32", 32, network),
            ColdFioRace.Random("rand1", 1, network),
            new FirstMountRace("mount-ext4", Images.Ext4, network),
            new FirstMountRace("mount-ext4-copied", Images.Ext4Copied, network),
            new FirstMountRace("mount-xfs", Images.Xfs, network),
            new FirstMountRace("mount-squashfs", Images.Squashfs, network),
            new SecondMountRace(cached),
            new WarmRace(warm),
        ];
        return [.. all.Where(race => options.Wants(race.Id) && race.Peers.Count > 0)];
    }

    private static IReadOnlyList<Peer> Able(IReadOnlyList<Peer> wanted, string option, string row, CompareOptions options, Peers peers)
    {
        if (peers.BecketKnows(option))
            return wanted;
        if (options.Wants(row))
            Console.Error.WriteLine($"{row}: without becket, which has no {option} yet");
        return [.. wanted.Where(peer => peer.Id != Peers.Becket)];
    }
}
