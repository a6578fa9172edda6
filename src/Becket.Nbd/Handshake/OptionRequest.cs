using System.Buffers.Binary;
using System.Text;
using Becket.Nbd.Protocol;

namespace Becket.Nbd.Handshake;

/// <summary>The data of an option does not follow the protocol; the answer is ERR_INVALID with this sentence.</summary>
internal sealed class InvalidOptionException(string sentence) : Exception(sentence);

/// <summary>
/// Reads the data of one option from front to back; whatever is missing or left over is an <see cref="InvalidOptionException"/>.
/// </summary>
internal ref struct OptionReader(ReadOnlySpan<byte> data)
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private ReadOnlySpan<byte> _rest = data;

    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    /// <summary>A string behind its length in 4 bytes.</summary>
    public string ReadString()
    {
        var length = ReadUInt32();
        if (length > NbdLimits.StringLength)
            throw new InvalidOptionException($"a string of {length} bytes is longer than {NbdLimits.StringLength}");

        return Decode(Take((int)length));
    }

    public readonly void End()
    {
        if (!_rest.IsEmpty)
            throw new InvalidOptionException($"{_rest.Length} bytes too many in the option");
    }

    /// <summary>A string that must be valid UTF-8 without NUL and not too long (proto.md, "Values").</summary>
    public static string Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > NbdLimits.StringLength)
            throw new InvalidOptionException($"a string of {bytes.Length} bytes is longer than {NbdLimits.StringLength}");
        if (bytes.Contains((byte)0))
            throw new InvalidOptionException("a string contains a NUL character");

        try
        {
            return Utf8.GetString(bytes);
        }
        catch (ArgumentException)
        {
            throw new InvalidOptionException("a string is not valid UTF-8");
        }
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _rest.Length)
            throw new InvalidOptionException("the option is too short for what it announces");

        var taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }
}

/// <summary>The data of INFO and GO (proto.md, NBD_OPT_INFO and NBD_OPT_GO).</summary>
/// <remarks>
/// <code>
/// 0    4  length of the name
/// 4    n  name of the export
/// 4+n  2  number of information requests
/// 6+n  2  each of them: an info type
/// </code>
/// </remarks>
internal readonly record struct InfoRequest(string Name, IReadOnlySet<InfoType> Wanted)
{
    public static InfoRequest Parse(ReadOnlySpan<byte> data)
    {
        var reader = new OptionReader(data);
        var name = reader.ReadString();
        var wanted = new HashSet<InfoType>();
        for (var left = reader.ReadUInt16(); left > 0; left--)
            wanted.Add((InfoType)reader.ReadUInt16());

        reader.End();
        return new InfoRequest(name, wanted);
    }
}

/// <summary>The data of LIST_META_CONTEXT and SET_META_CONTEXT (proto.md, same names).</summary>
/// <remarks>
/// <code>
/// 0    4  length of the name
/// 4    n  name of the export
/// 4+n  4  number of queries
/// 8+n     each of them: its length in 4 bytes, the query
/// </code>
/// </remarks>
internal readonly record struct MetaContextRequest(string Name, IReadOnlyList<string> Queries)
{
    public static MetaContextRequest Parse(ReadOnlySpan<byte> data)
    {
        var reader = new OptionReader(data);
        var name = reader.ReadString();
        var queries = new List<string>();

        // The count is the client's word: nothing is reserved for it, and the data runs out first.
        for (var left = reader.ReadUInt32(); left > 0; left--)
            queries.Add(reader.ReadString());

        reader.End();
        return new MetaContextRequest(name, queries);
    }
}
