using System.Buffers.Binary;
using System.Globalization;
using Becket.InteropTests.Processes;

namespace Becket.InteropTests.Images;

/// <summary>
/// Makes disk images with the tools that real ones are made with.
/// </summary>
public static class DiskImage
{
    /// <summary>
    /// Writes a sparse file: stretches of random bytes and holes of 64 KiB to 1 MiB in turn, the last byte not zero. Every 4 KiB of
    /// the data begin with their own offset, so that no two are the same and what was misplaced says where it belongs.
    /// </summary>
    public static void WriteRandomWithHoles(string path, long size, int seed)
    {
        var random = new Random(seed);
        var buffer = new byte[1 << 20];
        random.NextBytes(buffer);
        using var file = File.Create(path);
        file.SetLength(size);
        for (long offset = 0; offset < size;)
        {
            var length = (int)Math.Min((1 + random.Next(16)) << 16, size - offset);
            for (var page = 0; page + sizeof(long) <= length; page += 4096)
                BinaryPrimitives.WriteInt64LittleEndian(buffer.AsSpan(page), offset + page);
            file.Position = offset;
            file.Write(buffer, 0, length);
            offset += length + ((1L + random.Next(16)) << 16);
        }
        file.Position = size - 1;
        file.WriteByte(0xA5);
    }

    /// <summary>Makes an ext4 filesystem with these files in it.</summary>
    public static Task MakeExt4Async(string path, FileTree files, long size, CancellationToken cancellationToken)
    {
        Tool.Require("mke2fs");
        return new Command("mke2fs", "-q", "-t", "ext4", "-d", files.Folder, path, (size >> 10).ToString(CultureInfo.InvariantCulture))
            .SucceedAsync(cancellationToken);
    }

    /// <summary>Makes a compressed read-only filesystem with these files in it.</summary>
    public static Task MakeSquashfsAsync(string path, FileTree files, CancellationToken cancellationToken)
    {
        Tool.Require("mksquashfs");
        return new Command("mksquashfs", files.Folder, path, "-quiet", "-no-progress").SucceedAsync(cancellationToken);
    }

    /// <summary>
    /// Makes an ISO as distributions publish them: it can be read as a CD, and it has a partition table, whose first partition is
    /// the same filesystem and whose second is an ext4.
    /// </summary>
    public static Task MakeHybridIsoAsync(string path, FileTree files, string ext4, CancellationToken cancellationToken)
    {
        Tool.Require("xorriso");
        return new Command(
            "xorriso", "-as", "mkisofs", "-quiet", "-R", "-J", "-V", "BECKET",
            "-partition_offset", "16", "-append_partition", "2", "0x83", ext4,
            "-o", path, files.Folder).SucceedAsync(cancellationToken);
    }

    /// <summary>Makes an XFS with these files in it, sparse, of the smallest size that mkfs.xfs makes; needs root.</summary>
    public static async Task MakeXfsAsync(string path, FileTree files, CancellationToken cancellationToken)
    {
        Tool.RequireRoot();
        Tool.Require("mkfs.xfs", "mount");
        await Command.Shell(
            $$"""
            set -e
            truncate -s 320M '{{path}}'
            mkfs.xfs -q '{{path}}'
            mkdir '{{path}}.mounted'
            mount -o loop '{{path}}' '{{path}}.mounted'
            cp -r '{{files.Folder}}/.' '{{path}}.mounted' || failed=1
            umount '{{path}}.mounted'
            test -z "${failed-}"
            """).SucceedAsync(cancellationToken);
    }

    /// <summary>Makes a disk with a GPT and two partitions, which are these images.</summary>
    public static Task MakePartitionedAsync(string path, string first, string second, CancellationToken cancellationToken)
    {
        Tool.Require("sfdisk");
        const long Start = 1;
        var middle = Start + Mebibytes(first);
        var end = middle + Mebibytes(second);
        return Command.Shell(
            $"""
            set -e
            truncate -s {end + 1}M '{path}'
            printf 'start={Start}MiB, size={middle - Start}MiB, name=first\nstart={middle}MiB, size={end - middle}MiB, name=second\n' |
                sfdisk --quiet --label gpt '{path}'
            dd if='{first}' of='{path}' bs=1M seek={Start} conv=notrunc status=none
            dd if='{second}' of='{path}' bs=1M seek={middle} conv=notrunc status=none
            """).SucceedAsync(cancellationToken);

        static long Mebibytes(string file) => (new FileInfo(file).Length + (1 << 20) - 1) >> 20;
    }
}
